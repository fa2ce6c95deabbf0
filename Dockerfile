# The emulator in a container: docker build -t acs-identity-emulator .
FROM python:3.13-slim AS build
WORKDIR /source
COPY LICENSE README.md constraints.txt pyproject.toml setup.py ./
COPY customizations customizations
COPY emulator emulator
COPY generated generated
RUN python -m venv /venv
RUN /venv/bin/python -m pip install --no-cache-dir --constraint constraints.txt ".[cli,emulator]"

FROM python:3.13-slim
# The certificate for HTTPS is kept in /data, and the place for a file of --db is there.
RUN useradd --system --create-home --home-dir /data emulator
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH XDG_STATE_HOME=/data
USER emulator
WORKDIR /data
VOLUME /data
EXPOSE 10100 10101
HEALTHCHECK --interval=5s --timeout=3s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:10100/_emulator/health/ready', timeout=2)"]
ENTRYPOINT ["acs-identity", "emulator", "start", "--host", "0.0.0.0"]

// Shows what the emulator tells at /_emulator. Whatever comes from there goes into the page as text, never as markup.

const POLL_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 10_000;
const KEPT_REQUESTS = 1000;
// Requests are numbered when they come and listed when they are answered, so one of a lower number may come later.
const OVERLAP = 32;

const $ = (selector, root = document) => root.querySelector(selector);

/** Make an element; children are elements or texts. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Set the text of an element, and leave the page alone when it has it already. */
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Have a screen reader say something; the same text again is said again. */
function announce(text) {
  $("#news").textContent = text;
}

// Texts

const time = (iso) => (iso ? new Date(iso).toISOString().slice(11, 19) : "none");
const dateTime = (iso) => (iso ? new Date(iso).toISOString().slice(0, 19).replace("T", " ") : "none");
const took = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A span of time in its two greatest units. */
function span(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => whole >= size);
  if (first === -1) return `${Math.abs(seconds).toFixed(1)} s`;
  return units
    .slice(first, first + 2)
    .map(([unit, size], index) => [Math.floor((index ? whole % units[first][1] : whole) / size), unit])
    .filter(([count]) => count)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** Identity ids are long and begin alike: what tells them apart is their end. */
const shortened = (text) =>
  text.replace(/8(:|%3a)acs(:|%3a)[0-9a-f]{8}-[0-9a-f-]{27}_[0-9a-f-]*?([0-9a-f]{12})(?![0-9a-f-])/gi, "8$1acs$2…$3");

// Tables: a body for each item, so that rows stay the same elements while others come and go.

class Rows {
  #table;
  #heading;
  #bodies = new Map();

  constructor(section) {
    this.#table = $("table", section);
    this.#heading = $("h2", section);
  }

  /** Show the items, the first one on top: make what is new, update what is there, remove the rest. */
  show(items, key, make, update = () => {}) {
    const wanted = new Set(items.map(key));
    for (const [name, body] of this.#bodies) {
      if (wanted.has(name)) continue;
      if (body.contains(document.activeElement)) this.#heading.focus();
      body.remove();
      this.#bodies.delete(name);
    }
    let next = null;
    for (const item of items.toReversed()) {
      let body = this.#bodies.get(key(item));
      if (!body) {
        body = make(item);
        this.#bodies.set(key(item), body);
        this.#table.insertBefore(body, next);
      }
      update(body, item);
      next = body;
    }
  }
}

/** Add rows above without moving the one that has the focus; a browser does this by itself only when scrolled. */
function holdingFocus(change) {
  const focused = document.activeElement?.closest("tbody");
  const before = scrollY === 0 ? focused?.getBoundingClientRect().top : undefined;
  change();
  if (before !== undefined && focused.isConnected) scrollBy(0, focused.getBoundingClientRect().top - before);
}

function copyButton(text, label) {
  // Browsers have no clipboard for pages that came over plain HTTP from another machine.
  if (!navigator.clipboard) return null;
  const button = element("button", { type: "button", class: "copy", "aria-label": label }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    setText(button, "Copied");
    setTimeout(() => setText(button, "Copy"), 2000);
  });
  return button;
}

function identityCell(id) {
  const shown = navigator.clipboard ? shortened(id) : id;
  const text = element("span", { class: "code", title: id }, shown);
  return element("td", { class: "identity" }, text, copyButton(id, `Copy ${id}`) ?? "");
}

/** Show a list of the emulator, or in its place why there is nothing to show. */
function showList(name, total, isListed, count) {
  const section = $(`#${name}`);
  setText($(`#${name}-count`), isListed ? String(total) : "?");
  $(".scroll, section > table", section).hidden = !total;
  const empty = $(".empty", section);
  empty.hidden = Boolean(total);
  if (!total) showEmpty(empty, name, isListed);
  if (count !== undefined) setText($(".note", section), count < total ? `The newest ${count} of ${total}.` : "");
}

const EMPTY = {
  requests: "No request has come yet. Give a client this connection string:",
  identities: "There is no identity yet. Create one with a client that has this connection string:",
  tokens: "No access token has been issued yet. Ask for one with a client that has this connection string:",
};

function showEmpty(empty, name, isListed) {
  const text = isListed ? EMPTY[name] : "This emulator does not list them.";
  if (empty.dataset.text === `${text} ${connectionString}`) return;
  empty.dataset.text = `${text} ${connectionString}`;
  empty.replaceChildren(element("p", {}, text));
  if (!isListed || !connectionString) return;
  empty.append(element("pre", {}, connectionString));
  if (connectionString.includes("***")) empty.append(element("p", {}, "Put your access key in the place of ***."));
  empty.append(copyButton(connectionString, "Copy the connection string") ?? "");
}

// The journal

const requests = new Rows($("#requests"));
let entries = [];

const entryKey = (entry) => `${entry.number} ${entry.time}`;
const isRefused = (entry) => entry.status === 0 || entry.status >= 400;
const answer = (entry) => (entry.status === 0 ? "none" : `${entry.status}${entry.code ? ` ${entry.code}` : ""}`);

async function readJournal() {
  const newest = entries[0];
  const after = newest ? Math.max(0, newest.number - OVERLAP) : 0;
  const answered = await read(`journal?after=${after}`);
  if (!answered) return null;
  const known = new Set(entries.map(entryKey));
  if (newest && !answered.requests.some((entry) => entryKey(entry) === entryKey(newest))) {
    // The journal was cleared, or this is another emulator.
    return { ...(await read("journal")), known, kept: [] };
  }
  return { ...answered, known, kept: entries };
}

function showJournal(journal) {
  if (!journal) {
    showList("requests", 0, false);
    return;
  }
  const { requests: answered, known, kept } = journal;
  const fresh = answered.filter((entry) => !known.has(entryKey(entry)));
  const isFirst = !$("#requests").dataset.read;
  $("#requests").dataset.read = "yes";
  if (fresh.length || !kept.length) {
    // When nothing is kept, all that came is to be shown, whether it was known or not.
    entries = [...(kept.length ? fresh : answered), ...kept]
      .sort((a, b) => b.number - a.number)
      .slice(0, KEPT_REQUESTS);
    holdingFocus(() => requests.show(entries, entryKey, entryBody));
    showFiltered();
  }
  showList("requests", entries.length, true);
  if (fresh.length && !isFirst) {
    const refused = fresh.filter(isRefused).length;
    announce(`${plural(fresh.length, "new request")}${refused ? `, ${refused} refused` : ""}`);
  }
}

function entryBody(entry) {
  const id = `details-${entry.number}`;
  const path = entry.target.split("?")[0];
  const open = element(
    "button",
    { type: "button", class: "open", "aria-expanded": "false", title: entry.target },
    element("span", { class: "code" }, element("span", { class: "method" }, entry.method), ` ${shortened(path)}`),
  );
  const body = element(
    "tbody",
    {},
    element(
      "tr",
      {},
      element("td", { class: "time" }, element("time", { datetime: entry.time }, time(entry.time))),
      element("td", {}, open, entry.reason && element("span", { class: "reason" }, entry.reason)),
      element("td", { class: "operation" }, entry.operation ?? ""),
      element(
        "td",
        { class: "answer" },
        element("span", { class: isRefused(entry) ? "is-bad" : "is-good" }, answer(entry)),
      ),
      element("td", { class: "took" }, took(entry.duration)),
    ),
  );
  body.dataset.text = [entry.method, entry.target, entry.operation, entry.status, entry.code, entry.reason, entry.fault,
    entry.client_request_id].join(" ").toLowerCase();
  body.dataset.refused = isRefused(entry);
  open.addEventListener("click", () => {
    if (!$(".details", body)) {
      // Most are never opened, so their details are made then.
      body.append(element("tr", { class: "details", id, hidden: true }, element("td", { colspan: "5" }, ...details(entry))));
      open.setAttribute("aria-controls", id);
    }
    const isOpen = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!isOpen));
    body.classList.toggle("is-open", !isOpen);
    $(".details", body).hidden = isOpen;
  });
  return body;
}

function details(entry) {
  const facts = [
    ["Request", element("code", {}, `${entry.method} ${entry.target}`)],
    ["Time", `${dateTime(entry.time)} UTC`],
    ["Operation", entry.operation],
    ["Answer", answer(entry)],
    // The comparison gives it in other words.
    ["Reason", entry.signature ? null : entry.reason],
    ["Fault", entry.fault],
    ["Client request id", entry.client_request_id && element("code", {}, entry.client_request_id)],
    ["Took", took(entry.duration)],
  ].filter(([, value]) => value !== null);
  const list = element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  return entry.signature ? [list, comparison(entry.signature)] : [list];
}

function filterBody(body) {
  const text = $("#filter").value.trim().toLowerCase();
  body.hidden = !body.dataset.text.includes(text) || ($("#refused-only").checked && body.dataset.refused === "false");
}

function showFiltered() {
  const bodies = [...$("#requests").querySelectorAll("#requests > table > tbody")];
  bodies.forEach(filterBody);
  const shown = bodies.filter((body) => !body.hidden).length;
  const isFiltered = $("#refused-only").checked || $("#filter").value.trim();
  setText($("#requests .note"), isFiltered ? `${shown} of ${plural(bodies.length, "request")}` : "");
}

// A refused signature

/** Return a text with what differs of it in a mark, spaces and what cannot be seen written out there. */
function marked(text, from, to) {
  const visible = text
    .slice(from, to)
    .replaceAll(" ", "␣")
    .replace(/[\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202e\ufeff]/g, (sign) =>
      `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return [
    element("code", {}, text.slice(0, from), element("mark", {}, visible || "(nothing)"), text.slice(to)),
    element("span", { class: "differs" }, "differs here"),
  ];
}

function comparisonTable(caption, first, rows) {
  const cell = (side, content) => element("td", {}, element("span", { class: "side" }, side), ...content);
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element(
      "thead",
      {},
      element("tr", {}, ...[first, "Expected", "Received"].map((name) => element("th", { scope: "col" }, name))),
    ),
    element(
      "tbody",
      {},
      ...rows.map(([name, expected, received]) =>
        element("tr", {}, element("th", { scope: "row" }, name), cell("Expected", expected), cell("Received", received)),
      ),
    ),
  );
}

const code = (text) => [element("code", {}, text)];
const unknown = (text) => [element("span", { class: "is-muted" }, text)];

function linesToCompare({ expected, received, difference }) {
  const left = (expected.string_to_sign ?? "").split("\n");
  const right = received.string_to_sign?.split("\n");
  return Array.from({ length: Math.max(left.length, right?.length ?? 0) }, (_, index) => {
    const name = String(index + 1);
    const a = left[index];
    const b = right?.[index];
    if (!right) return [name, code(a), unknown("not known")];
    if (difference?.line !== index + 1) {
      return [name, a === undefined ? unknown("no such line") : code(a), b === undefined ? unknown("no such line") : code(b)];
    }
    const [from, aEnd, bEnd] = differingPart(a ?? "", b ?? "", difference.column - 1);
    return [name, marked(a ?? "", from, aEnd), marked(b ?? "", from, bEnd)];
  });
}

/** Return where the differing part of two texts begins, and where it ends in each. */
function differingPart(a, b, from) {
  let same = 0;
  while (same < Math.min(a.length, b.length) - from && a.at(-1 - same) === b.at(-1 - same)) same += 1;
  return [from, a.length - same, b.length - same];
}

function valuesToCompare({ check, expected, received }) {
  return [["Date", "date"], ["Host", "host"], ["Body hash", "content_hash"]].map(([name, key]) => {
    const a = expected[key];
    const b = received[key];
    // Where the date was not looked at, the expected one is but the present time.
    const isCompared = key !== "date" || check === "date" || check === "signature";
    const differs = isCompared && b !== null && a !== b;
    return [
      name,
      a === null ? unknown("none") : code(a),
      b === null ? unknown("not sent") : [...code(b), differs ? element("span", { class: "differs" }, "differs") : ""],
    ];
  });
}

function comparison(signature) {
  const offset = signature.clock_offset_seconds;
  const parts = [element("h3", {}, "Why the signature was refused"), element("p", {}, signature.cause)];
  if (offset !== null) {
    const direction = offset > 0 ? "ahead of" : "behind";
    const text = offset === 0 ? "The date of the request is the emulator's." : `The date of the request is ${span(offset)} ${direction} the emulator's clock.`;
    parts.push(element("p", {}, text));
  }
  parts.push(comparisonTable("String to sign", "Line", linesToCompare(signature)));
  if (signature.received.string_to_sign === null) {
    parts.push(element("p", { class: "is-muted" }, "The client's string to sign is not on the wire, and was not found out."));
  }
  parts.push(comparisonTable("What it is made of", "Part", valuesToCompare(signature)));
  return element("div", { class: "comparison" }, ...parts);
}

// Identities and access tokens

const identities = new Rows($("#identities"));
const tokens = new Rows($("#tokens"));

function showIdentities(answered) {
  const listed = answered?.identities ?? [];
  const make = ({ id, custom_id: customId, created_on: created }) =>
    element("tbody", {}, element("tr", {},
      identityCell(id),
      customId === null ? element("td", { class: "is-muted" }, "none") : element("td", { class: "code" }, customId),
      element("td", { class: "time" }, dateTime(created)),
      element("td", { class: "time last" }),
    ));
  const update = (body, identity) => setText($(".last", body), dateTime(identity.last_token_issued_at));
  identities.show(listed, (identity) => identity.id, make, update);
  showList("identities", answered?.total ?? 0, answered !== null, listed.length);
}

function showTokens(answered) {
  const listed = answered?.tokens ?? [];
  const make = (token) =>
    element("tbody", {}, element("tr", {},
      element("td", { class: "number" }, String(token.number)),
      identityCell(token.identity_id),
      element("td", {}, element("ul", { class: "scopes" }, ...token.scopes.map((scope) => element("li", {}, scope)))),
      element("td", { class: "time" }, dateTime(token.issued_on)),
      element("td", { class: "state" }),
      element("td", { class: "number left" }),
    ));
  const update = (body, { state, expires_on: expires }) => {
    setText($(".state", body), state);
    $(".state", body).classList.toggle("is-good", state === "live");
    $(".state", body).classList.toggle("is-muted", state !== "live");
    // The emulator's clock counts, which may stand still or be elsewhere.
    setText($(".left", body), state === "live" ? span((new Date(expires) - new Date(answered.now)) / 1000) : "none");
  };
  tokens.show(listed, (token) => `${token.number} ${token.issued_on}`, make, update);
  showList("tokens", answered?.total ?? 0, answered !== null, listed.length);
}

// The header

let connectionString = "";

function showConnectionString(answered) {
  connectionString = answered?.connection_string ?? "";
}

function showFact(id, text) {
  $(`#${id}`).parentElement.hidden = !text;
  setText($(`#${id}`), text);
}

function showClock(answered) {
  const offset = answered?.offset_seconds ?? 0;
  const moved = Math.abs(offset) >= 1 ? [`${span(offset)} ${offset > 0 ? "ahead" : "behind"}`] : [];
  const parts = [...moved, ...(answered?.frozen ? ["stopped"] : [])];
  showFact("clock", parts.length ? `${dateTime(answered.now)} UTC, ${parts.join(", ")}` : "");
}

function showFaults(answered) {
  const rules = answered?.rules ?? [];
  const { length: count } = rules.filter((rule) => rule.count === null || rule.fired < rule.count);
  showFact("faults", count ? `${plural(count, "rule")} active` : "");
}

// Staying up to date

const SOURCES = [
  [() => read("console/connection-string"), showConnectionString],
  [readJournal, showJournal],
  [() => read("identities"), showIdentities],
  [() => read("tokens"), showTokens],
  [() => read("clock"), showClock],
  [() => read("faults"), showFaults],
];

/** Return what an endpoint of the emulator answers; null when it has no such endpoint. */
async function read(path) {
  let answered;
  try {
    answered = await fetch(`/_emulator/${path}`, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
    if (answered.ok) return await answered.json();
  } catch (cause) {
    throw new Error("The emulator is not reachable", { cause });
  }
  if (answered.status === 404) return null;
  throw new Error(`The emulator answers ${path} with ${answered.status}`);
}

let isPaused = false;
let isPolling = false;
let timer = 0;

async function poll() {
  if (isPolling || isPaused || document.hidden) return;
  isPolling = true;
  clearTimeout(timer);
  const results = await Promise.allSettled(SOURCES.map(async ([ask, show]) => {
    const answered = await ask();
    if (!isPaused) show(answered);
  }));
  isPolling = false;
  showConnection(results.find(({ status }) => status === "rejected")?.reason);
  timer = setTimeout(poll, POLL_MILLISECONDS);
}

function showConnection(problem) {
  const connection = $("#connection");
  setText(connection, isPaused ? "Paused" : problem ? `${problem.message}, trying again` : "Live");
  connection.classList.toggle("is-live", !isPaused && !problem);
  connection.classList.toggle("is-lost", !isPaused && Boolean(problem));
}

$("#pause").addEventListener("click", () => {
  isPaused = !isPaused;
  setText($("#pause"), isPaused ? "Resume" : "Pause");
  if (isPaused) showConnection();
  else poll();
});
document.addEventListener("visibilitychange", poll);
$("#filter").addEventListener("input", showFiltered);
$("#refused-only").addEventListener("change", showFiltered);

// The views

const VIEWS = ["requests", "identities", "tokens"];

function showView(name) {
  for (const view of VIEWS) {
    $(`#${view}`).hidden = view !== name;
    const link = $(`nav a[href="#${view}"]`);
    if (view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", () => {
  const name = location.hash.slice(1) || VIEWS[0];
  // Other fragments are places within a view, as that of the link to the content.
  if (!VIEWS.includes(name)) return;
  showView(name);
  $(`#${name}-heading`).focus();
});

setText($("#endpoint"), location.origin);
showView(VIEWS.find((view) => location.hash === `#${view}`) ?? VIEWS[0]);
poll();

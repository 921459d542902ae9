
"use strict";
// The page says all without this script; it lays out the table of results, filters, sorts, copies.
(() => {
  const BATCH = 60;
  const ID = 0, VERDICT = 1, DRIVER = 2, SCENARIO = 3, RUN = 4, FOUND = 5, GLITCHES = 6, TOOK = 7, COMMAND = 8, HAS_CARD = 9, MEASURED = 10;
  const byId = (id) => document.getElementById(id);

  // Text goes in as text: nothing that a driver said becomes markup.
  const make = (tag, attributes = {}, ...content) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  };
  const SVG = "http://www.w3.org/2000/svg";
  const sign = (verdict) => {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["class", `sign ${verdict}`], ["width", 16], ["height", 16], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#sign-${verdict}`);
    svg.append(use);
    return svg;
  };
  const words = (name) => name.replaceAll("-", " ");
  const number = (value) => value.toLocaleString("en");

  // ---- copying
  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = document.execCommand("copy") ? "Copied" : "Ctrl-C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });
  const command = (text) => make("div", { class: "command" }, make("span", { class: "label" }, "Reproduce"), make("code", { tabindex: "0" }, ...text.split(" ").flatMap((word, at) => [at ? " " : "", make("span", {}, word)])), make("button", { type: "button", class: "copy" }, "Copy"));
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;

  // ---- players: forty milliseconds are short
  for (const players of document.querySelectorAll(".players")) {
    players.hidden = false;
    players.addEventListener("change", () => {
      for (const audio of document.querySelectorAll("audio")) {
        audio.loop = byId("in-a-loop").checked;
        audio.preservesPitch = false;
        audio.defaultPlaybackRate = audio.playbackRate = byId("slowly").checked ? 0.25 : 1;
      }
    });
  }
  // One at a time.
  document.addEventListener("play", (event) => {
    for (const audio of document.querySelectorAll("audio")) if (audio !== event.target) audio.pause();
  }, true);

  // ---- the table of results
  const table = byId("table");
  if (!table) return;
  const data = JSON.parse(byId("data").textContent);
  const body = table.tBodies[0];
  let sorted = data.rows;
  let found = data.rows;
  let laidOut = 0;

  const measurements = (row) => {
    const lines = row[MEASURED].map(([name, value, limit, room, rank]) => {
      const [what, unit] = data.names[name].split("\t");
      const cells = [value + (unit ? `\u00a0${unit}` : ""), limit === undefined ? "" : data.limits[limit], room || ""];
      const verdict = rank === undefined ? "" : data.verdicts[rank];
      const line = make("tr", verdict ? { class: verdict } : {}, make("th", { scope: "row" }, words(what)));
      line.append(make("td", { class: "num" }, cells[0]), make("td", {}, cells[1]), make("td", {}, cells[2]), make("td", {}, ...(verdict ? [sign(verdict), ` ${words(verdict)}`] : [])));
      return line;
    });
    const head = ["measurement", "value", "limit", "margin", "verdict"].map((name, at) => make("th", at === 1 ? { scope: "col", class: "num" } : { scope: "col" }, name));
    return make("table", { class: "measurements" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...lines));
  };

  // What is folded out has a row of its own: the width of the table, not that of a cell.
  const toggle = (details, row) => {
    const line = details.closest("tr");
    if (line.nextElementSibling?.className === "inside") line.nextElementSibling.hidden = !details.open;
    else if (details.open) line.after(make("tr", { class: "inside" }, make("td", { colspan: "6" }, inner(row))));
  };

  const inner = (row) => {
    const inside = make("div");
    if (row[COMMAND]) inside.append(command(row[COMMAND]));
    if (row[HAS_CARD]) inside.append(make("p", {}, make("a", { href: `#g-${row[ID]}` }, "see and hear its glitches")));
    inside.append(row[MEASURED].length ? make("div", { class: "wide", tabindex: "0" }, measurements(row)) : make("p", { class: "quiet" }, "No measurements here."));
    return inside;
  };

  const layOut = (row) => {
    const verdict = data.verdicts[row[VERDICT]];
    const summary = make("summary", {}, `${row[SCENARIO]} `, make("span", { class: "quiet" }, data.runs[row[RUN]]));
    const details = make("details", {}, summary);
    details.addEventListener("toggle", () => toggle(details, row));
    return make("tr", { id: `r-${row[ID]}` },
      make("td", {}, make("span", { class: `verdict ${verdict}` }, sign(verdict), words(verdict))),
      make("td", {}, data.drivers[row[DRIVER]]),
      make("td", {}, details),
      make("td", {}, row[FOUND]),
      make("td", { class: "num" }, number(row[GLITCHES])),
      make("td", { class: "num" }, `${row[TOOK].toFixed(1)}\u00a0s`));
  };

  const more = (until = laidOut + BATCH) => {
    body.append(...found.slice(laidOut, until).map(layOut));
    laidOut = Math.min(Math.max(until, laidOut), found.length);
    byId("more").hidden = laidOut >= found.length;
  };

  const text = byId("filter-text"), driver = byId("filter-driver"), verdict = byId("filter-verdict");
  const haystack = new Map();
  const hay = (row) => {
    if (!haystack.has(row)) haystack.set(row, [row[ID], row[SCENARIO], data.runs[row[RUN]], row[FOUND], data.drivers[row[DRIVER]], data.verdicts[row[VERDICT]]].join(" ").toLowerCase());
    return haystack.get(row);
  };
  const filter = () => {
    const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = sorted.filter((row) => (!driver.value || data.drivers[row[DRIVER]] === driver.value)
      && (!verdict.value || data.verdicts[row[VERDICT]] === verdict.value)
      && asked.every((word) => hay(row).includes(word)));
    body.replaceChildren();
    laidOut = 0;
    more();
    const all = `${number(data.rows.length)} ${data.rows.length === 1 ? "result" : "results"}`;
    byId("shown").textContent = found.length === data.rows.length ? all : `${number(found.length)} of ${all}`;
  };

  const valueOf = (row, by) => (by === DRIVER ? data.drivers[row[DRIVER]] : row[by]);
  const sort = (button) => {
    const head = button.closest("th");
    const by = Number(button.dataset.by);
    // Worst first is what one looks for: most glitches, longest, but names from A on.
    const first = by === GLITCHES || by === TOOK ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const way = head.getAttribute("aria-sort") === first ? other : first;
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way);
    const turn = way === "ascending" ? 1 : -1;
    sorted = [...data.rows].sort((a, b) => {
      const [left, right] = [valueOf(a, by), valueOf(b, by)];
      return turn * (left < right ? -1 : left > right ? 1 : 0);
    });
    filter();
  };

  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) sort(button);
  });
  for (const field of [text, driver, verdict]) field.addEventListener("input", filter);
  byId("more").firstElementChild.addEventListener("click", () => {
    const before = body.lastElementChild;
    more();
    before?.nextElementSibling?.querySelector("summary").focus();
  });

  // ---- links to a result, or to a glitch that is folded away
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (id.startsWith("r-")) {
      const wanted = (rows) => rows.findIndex((row) => `r-${row[ID]}` === id);
      if (wanted(found) < 0) {
        text.value = driver.value = verdict.value = "";
        filter();
      }
      const at = wanted(found);
      if (at < 0) return;
      if (at >= laidOut) more(at + BATCH);
      for (const row of body.rows) row.classList.toggle("aim", row.id === id);
      byId(id).querySelector("details").open = true;
    }
    const target = byId(id);
    for (let folded = target?.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
    if (target) {
      target.scrollIntoView();
      // The keyboard goes on from there; at a section the browser itself sees to it.
      if (/^[rg]-/.test(id)) target.querySelector("summary, code")?.focus({ preventScroll: true });
    }
  };
  addEventListener("hashchange", follow);

  table.hidden = byId("filters").hidden = false;
  sort(table.tHead.querySelector("button"));
  if (location.hash) follow();
})();

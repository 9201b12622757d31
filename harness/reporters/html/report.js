"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const status = document.getElementById("status");
  function say(words, button) {
    status.textContent = words;
    if (!button) return;
    const before = button.dataset.label || button.textContent;
    button.dataset.label = before;
    button.textContent = words;
    setTimeout(() => { button.textContent = before; }, 1500);
  }

  // Theme: as the system has it until the reader chooses.
  const theme = document.querySelector('[data-do="theme"]');
  const system = matchMedia("(prefers-color-scheme: dark)");
  function isDark() {
    const chosen = root.dataset.theme;
    return chosen ? chosen === "dark" : system.matches;
  }
  function showTheme() {
    theme.setAttribute("aria-pressed", String(isDark()));
  }
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  // Tables: a click on a heading sorts, a second one turns the order round.
  function valueOf(cell) {
    const raw = cell.dataset.v;
    return raw === undefined ? cell.textContent : raw;
  }
  function compare(one, other) {
    if (one === "" || other === "") return (one === "") - (other === "");
    const a = Number(one), b = Number(other);
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    return one.localeCompare(other, undefined, { numeric: true });
  }
  function sort(table, place, heading) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row) => [valueOf(row.cells[place]), row]);
    keyed.sort(([a], [b]) => {
      // What is not known stays last either way.
      const order = compare(a, b);
      return down && a !== "" && b !== "" ? -order : order;
    });
    for (const [, row] of keyed) body.append(row);
  }
  for (const table of document.querySelectorAll(".grid table")) {
    Array.from(table.tHead.rows[0].cells).forEach((heading, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, place, heading));
    });
  }

  // Data: what spreadsheets would run as a formula gets an apostrophe; numbers stay.
  function field(cell) {
    const raw = valueOf(cell);
    const isNumber = cell.classList.contains("n") && cell.tagName === "TD";
    const safe = !isNumber && /^[=+\-@\t\r]/.test(raw) ? "'" + raw : raw;
    return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  }
  function csv(grid) {
    const long = grid.querySelector(".csv");
    if (long) return long.textContent;
    const rows = Array.from(grid.querySelector("table").rows);
    return rows.map((row) => Array.from(row.cells, field).join(",") + "\r\n").join("");
  }
  function tabbed(grid) {
    const long = grid.querySelector(".csv");
    if (long) return long.textContent;
    const cell = (c) => field(c).replaceAll("\t", " ");
    const rows = Array.from(grid.querySelector("table").rows);
    return rows.map((row) => Array.from(row.cells, cell).join("\t") + "\n").join("");
  }
  function copyByHand(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByHand(text);
    }
  }
  function download(text, name) {
    const link = document.createElement("a");
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
  // On a phone all but the first two parts are closed until a touch on their heading opens them.
  const phone = matchMedia("(max-width: 30rem)");
  const later = Array.from(document.querySelectorAll(
    "main > section:nth-of-type(n+3), article > section:nth-of-type(n+2)"));
  function open(part, opened) {
    part.classList.toggle("closed", !opened);
    const button = part.querySelector(".fold");
    if (button) button.setAttribute("aria-expanded", String(opened));
  }
  function arrange() {
    for (const part of later) {
      const heading = part.firstElementChild;
      const old = heading.querySelector(".fold");
      if (old) old.replaceWith(...old.childNodes);
      if (phone.matches) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "fold";
        button.append(...heading.childNodes);
        heading.append(button);
        button.addEventListener("click", () => open(part, part.classList.contains("closed")));
      }
      open(part, !phone.matches);
    }
    openTarget();
  }
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const part = target && target.closest(".closed");
    if (!part) return;
    open(part, true);
    target.scrollIntoView();
  }
  phone.addEventListener("change", arrange);
  addEventListener("hashchange", openTarget);
  arrange();

  // On paper the tables come last, and what hides an answer is open; afterwards all is as before.
  let undo = [];
  function move(element, part) {
    const mark = document.createComment("");
    element.replaceWith(mark);
    part.append(element);
    undo.unshift(() => mark.replaceWith(element));
  }
  function withTable(grid) {
    const found = [grid];
    const title = grid.previousElementSibling;
    if (title && title.matches("h3, h4")) found.unshift(title);
    for (let next = grid.nextElementSibling; next && next.matches(".note"); next = next.nextElementSibling) found.push(next);
    return found;
  }
  function appendix(place, title) {
    const part = document.createElement("section");
    part.className = "appendix";
    part.append(Object.assign(document.createElement("h2"), { textContent: title }));
    for (const grid of place.querySelectorAll(".grid")) {
      if (grid.closest("details:not([open])")) continue;
      const section = grid.closest("section");
      for (const element of withTable(grid)) move(element, part);
      if (section.children.length === 1) move(section, part.appendChild(document.createElement("template")));
    }
    const closed = Array.from(
      place.querySelectorAll("details:not([open]):not(.alternative) > summary"),
      (summary) => summary.textContent);
    if (closed.length) part.append(Object.assign(document.createElement("p"), {
      className: "note", textContent: "Not printed, as it was closed on the page: " + closed.join("; ") + ".",
    }));
    if (part.children.length === 1) return;
    document.getElementById("main").append(part);
    undo.unshift(() => part.remove());
  }
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("main details.on-paper:not([open])")) {
      fold.open = true;
      undo.unshift(() => { fold.open = false; });
    }
    const articles = document.querySelectorAll("article");
    for (const article of articles) appendix(article, "Tables of " + article.firstElementChild.textContent);
    if (!articles.length) appendix(document.getElementById("main"), "Tables");
  });
  addEventListener("afterprint", () => {
    for (const step of undo) step();
    undo = [];
  });

  for (const grid of document.querySelectorAll(".grid")) {
    grid.querySelector('[data-do="copy"]').addEventListener("click", async (event) => {
      const button = event.currentTarget;
      say(await copy(tabbed(grid)) ? "Copied" : "Could not copy", button);
    });
    grid.querySelector('[data-do="csv"]').addEventListener("click", (event) => {
      download(csv(grid), "auditbench-" + grid.dataset.name + ".csv");
      say("Downloaded", event.currentTarget);
    });
  }
})();

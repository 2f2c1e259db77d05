// The SQL page: an editor with completion, the tables beside it, the statements asked before. CodeMirror is in
// codemirror.min.js; without scripts the page asks from a plain text field.
"use strict";
(() => {
const {
  EditorView, keymap, lineNumbers, highlightActiveLine, drawSelection, EditorState, Prec, defaultKeymap, history,
  historyKeymap, autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap, bracketMatching,
  defaultHighlightStyle, syntaxHighlighting, sql, PostgreSQL, searchKeymap,
} = window.CodeMirror;

const area = document.getElementById("q");
const host = document.getElementById("editor");
const form = document.getElementById("ask");
const language = document.documentElement.lang;
const STORED = "district-finance statements";
const KEPT = 30;

function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) || "[]");
    return Array.isArray(kept) ? kept.filter((text) => typeof text === "string") : [];
  } catch {
    return [];
  }
}

function keep(text) {
  try {
    localStorage.setItem(STORED, JSON.stringify([text, ...stored().filter((other) => other !== text)].slice(0, KEPT)));
  } catch {
    // A browser that keeps nothing still asks.
  }
}

// "中文名称 中文说明 English" is how a comment is written.
function firstWords(comment) {
  return comment.split(/[:：\n]/, 1)[0];
}

function start(tables) {
  const schema = {};
  for (const table of tables) {
    const columns = table.columns.map(([name, type, comment]) => ({
      label: name, type: "property", detail: type, info: comment || undefined,
    }));
    schema[table.schema] ??= {};
    schema[table.schema][table.name] = { self: { label: table.name, type: "type", detail: firstWords(table.comment) }, children: columns };
  }
  const run = () => { form.requestSubmit(form.querySelector("button:not([formaction])")); return true; };
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        EditorView.cspNonce.of(host.dataset.nonce),
        EditorView.contentAttributes.of({ "aria-label": document.querySelector('label[for="q"]').textContent, "aria-description": area.dataset.help }),
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), bracketMatching(), closeBrackets(),
        autocompletion(), syntaxHighlighting(defaultHighlightStyle), EditorView.lineWrapping,
        sql({ dialect: PostgreSQL, schema, upperCaseKeywords: false }),
        // Tab moves on, as everywhere on a page.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap]),
      ],
    }),
  });
  area.hidden = true;
  document.querySelector('label[for="q"]').addEventListener("click", () => view.focus());
  form.addEventListener("submit", (event) => {
    area.value = view.state.doc.toString();
    if (area.value.trim()) keep(area.value.trim());
    // An address that is too long for what stands between goes as a form; nothing changes by it.
    const button = event.submitter;
    form.method = area.value.length > 1500 ? "post" : "get";
    if (button && button.hasAttribute("formaction")) button.formMethod = form.method;
  });
  return view;
}

function insert(view, text) {
  const range = view.state.selection.main;
  view.dispatch({ changes: { from: range.from, to: range.to, insert: text }, selection: { anchor: range.from + text.length } });
  view.focus();
}

function quoted(name) {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function button(text, press, title) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (title) made.title = title;
  made.addEventListener("click", press);
  return made;
}

function showTables(tables, view) {
  const place = document.getElementById("tables");
  place.replaceChildren(...tables.map((table) => {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = `${table.schema}.${table.name} ${table.schema === "分析" ? "" : firstWords(table.comment)}`;
    const words = document.createElement("p");
    words.className = "soft small";
    words.textContent = table.comment;
    const list = document.createElement("dl");
    details.append(summary, words, list);
    details.dataset.words = [table.schema, table.name, table.comment, ...table.columns.flat()].join(" ").toLowerCase();
    details.addEventListener("toggle", () => {
      if (!details.open || list.childElementCount) return;
      const name = document.createElement("p");
      const full = `${quoted(table.schema)}.${quoted(table.name)}`;
      name.append(button(language.startsWith("zh") ? "插入表名" : "Insert the table", () => insert(view, full)));
      name.firstChild.className = "insert";
      list.before(name);
      for (const [column, type, comment] of table.columns) {
        const term = document.createElement("dt");
        term.append(button(column, () => insert(view, quoted(column)), type));
        const meaning = document.createElement("dd");
        meaning.textContent = `${type}${comment ? ` ${comment}` : ""}`;
        list.append(term, meaning);
      }
    });
    return details;
  }));
  document.getElementById("find").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const details of place.children) details.hidden = Boolean(wanted) && !details.dataset.words.includes(wanted);
  });
}

function showHistory(view) {
  const kept = stored();
  const place = document.getElementById("history");
  if (!kept.length) return;
  place.hidden = false;
  place.querySelector("ul").replaceChildren(...kept.map((text) => {
    const entry = document.createElement("li");
    entry.append(button(text.length > 120 ? `${text.slice(0, 120)}…` : text, () => {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      view.focus();
    }));
    return entry;
  }));
}

(async () => {
  let tables = [];
  try {
    const answer = await fetch(host.dataset.tables);
    if (answer.ok) tables = await answer.json();
  } catch {
    // The editor works without completion.
  }
  const view = start(tables);
  showTables(tables, view);
  showHistory(view);
})();
})();

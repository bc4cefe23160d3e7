/* The Questions tab: what was asked in vain or answered badly, and the editor in which curators make the answer. */
(() => {
  "use strict";

  const { byId, fragment, go, page, parameters, showTab, until } = window.advisor;
  const root = () => byId("questions");
  const part = (selector) => root()?.querySelector(selector);
  const chosen = []; // the lines of the answer, in order
  let lastList = 0;
  let lastLines = 0;
  let lastPreview = 0;
  let typed = 0;

  async function post(path, body) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(`../page/questions/${path}?language=${page.lang}`, options).catch(() => null);
    const isHtml = response?.headers.get("content-type")?.startsWith("text/html");
    return { isDone: Boolean(response?.ok), html: isHtml ? await response.text() : null };
  }

  const later = (act) => {
    clearTimeout(typed);
    typed = setTimeout(act, 180);
  };

  /* The list */
  async function list() {
    lastList += 1;
    const request = lastList;
    const query = new URLSearchParams({ language: page.lang, search: part(".listing [name=search]").value });
    const html = await fragment(`questions?${query}`);
    if (request !== lastList) return;
    if (html === null) part(".results").textContent = part(".listing").dataset.failed;
    else part(".results").innerHTML = html; // escaped by the server
  }

  async function setAside(button) {
    const entry = button.closest("li");
    const next = (entry.nextElementSibling ?? entry.previousElementSibling)?.querySelector(".aside");
    const { isDone } = await post("done", { question: button.dataset.question });
    part(".said").textContent = isDone ? part(".listing").dataset.gone : part(".listing").dataset.failed;
    if (!isDone) return;
    entry.remove();
    (next ?? part(".listing [name=search]")).focus();
    list();
  }

  /* The editor */
  async function edit(question) {
    const query = new URLSearchParams({ language: page.lang, question });
    const html = await fragment(`questions/editor?${query}`);
    if (html === null) {
      part(".said").textContent = part(".listing").dataset.failed;
      return;
    }
    chosen.length = 0;
    part(".editor").innerHTML = html;
    root().classList.add("editing");
    part(".editor").focus({ preventScroll: true });
    part(".editor").scrollIntoView({ block: "start" });
    if (!question) part("[name=question]").focus();
    preview();
    await showLines();
  }

  /* What was put together and not kept: asked about before it goes. */
  const isUnsaved = () => Boolean(form()) && (chosen.length > 0 || form().elements.phrasings.value.trim() !== "");
  const mayLeave = () => !isUnsaved() || confirm(form().dataset.unsaved);
  window.addEventListener("beforeunload", (event) => isUnsaved() && event.preventDefault());
  window.advisor.isUnsaved = isUnsaved;

  function leave() {
    if (!mayLeave()) return;
    chosen.length = 0;
    root().classList.remove("editing");
    part(".editor").replaceChildren();
    go({ make: "" });
    list();
    part(".listing [name=search]").focus();
  }

  const form = () => part("form.making");

  async function showLines() {
    lastLines += 1;
    const request = lastLines;
    const { document: name, find } = form().elements;
    const query = new URLSearchParams({ language: page.lang, document: name.value, search: find.value });
    const html = await fragment(`questions/lines?${query}`);
    if (request !== lastLines || !form()) return;
    if (html === null) part(".lines").textContent = form().dataset.failed;
    else part(".lines").innerHTML = html;
    mark();
  }

  /* Each chosen line bears its number in the answer. */
  function mark() {
    for (const line of root().querySelectorAll("button.line")) {
      const at = chosen.indexOf(line.dataset.line);
      line.setAttribute("aria-pressed", String(at >= 0));
      line.querySelector(".order").textContent = at >= 0 ? String(at + 1) : "";
    }
  }

  function choose(line) {
    const at = chosen.indexOf(line.dataset.line);
    if (at >= 0) chosen.splice(at, 1);
    else chosen.push(line.dataset.line);
    part(".outcome-of-saving").replaceChildren();
    mark();
    preview();
  }

  function composed() {
    const { question, phrasings, document: name } = form().elements;
    return { question: question.value, phrasings: phrasings.value, document: name.value, lines: chosen };
  }

  async function preview() {
    lastPreview += 1;
    const request = lastPreview;
    const place = part(".preview");
    if (!chosen.length) {
      place.textContent = place.dataset.empty;
      return;
    }
    const { html } = await post("preview", composed());
    if (request !== lastPreview || !place.isConnected) return;
    if (html === null) place.textContent = form().dataset.failed;
    else place.innerHTML = html;
  }

  async function save() {
    const [outcome, button] = [part(".outcome-of-saving"), form().querySelector("[type=submit]")];
    if (button.disabled) return;
    button.disabled = true;
    outcome.textContent = form().dataset.saving;
    const { isDone, html } = await post("answers", composed());
    if (!outcome.isConnected) return;
    button.disabled = false;
    if (!isDone) {
      if (html === null) outcome.textContent = form().dataset.failed;
      else outcome.innerHTML = html;
      return;
    }
    chosen.length = 0;
    part(".editor").innerHTML = html;
    part(".editor").focus();
    go({ make: "" }, { replace: true });
  }

  /* From an answer in the chat, and from an address: show the tab, then the editor with the question. */
  async function editHere(question) {
    if (!mayLeave()) return;
    await showTab("questions");
    await until(() => part(".results"));
    if (part(".results")) edit(question);
  }

  const actions = {
    "#questions button.make": (button) => {
      go({ make: button.dataset.question });
      edit(button.dataset.question);
    },
    "#questions .aside": setAside,
    "#questions .leave": leave,
    "#questions button.line": choose,
    "#thread a.make": (link, event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
      event.preventDefault();
      const question = new URL(link.href).searchParams.get("make");
      go({ tab: "questions", make: question });
      editHere(question);
    },
    "#tab-questions-button": () => part(".results") && list(),
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest?.(selector);
      if (target) return act(target, event);
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#questions form")) return;
    const { name } = event.target;
    part(".outcome-of-saving")?.replaceChildren(); // at once: what a late preview would clear may be of a later save
    if (name === "search") later(list);
    else if (name === "find") later(showLines);
    else if (name === "document") {
      chosen.length = 0; // an answer is of one document
      form().elements.find.value = "";
      showLines();
      preview();
    } else later(preview);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#questions")) return;
    event.preventDefault();
    if (event.target.matches(".making")) save();
    else list();
  });

  document.addEventListener("advisor:address", (event) => {
    const { tab, make } = event.detail;
    if (tab !== "questions" || !part(".results")) return;
    if (make && form()?.elements.question.value !== make) edit(make);
    else if (!make && root().classList.contains("editing")) leave();
  });

  /* The list is read once it is known that a curator is here: nobody else may. */
  const waiting = new MutationObserver(() => {
    if (!part(".results") || !page.classList.contains("curator")) return;
    waiting.disconnect();
    list();
    if (parameters().get("make")) editHere(parameters().get("make"));
  });
  waiting.observe(page, { attributes: true, childList: true, subtree: true });
})();

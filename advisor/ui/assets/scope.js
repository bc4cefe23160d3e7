/* What a conversation is answered from, and at what length. Each question is sent with it; the scope is that of the conversation
   on show, the length is the reader's own and stays in this browser. */
(() => {
  "use strict";

  const { askOnceMore, byId, fill, fragment, openSheet, page, parameters } = window.advisor;
  const SHORT = "advisor:short";
  const CHOSEN = "advisor:scope";
  const NOTHING = { topic: "", document: "", title: "", written: "" };
  let scope = NOTHING;
  let lastList = 0;
  let typed = 0;

  const line = () => byId("options")?.querySelector(".options");
  const form = () => byId("scope").querySelector("form");
  const isShort = () => localStorage.getItem(SHORT) !== null;

  /* What is sent with the next question, and what the line says of it. */
  function tell() {
    const { topic, document: name, title, written } = scope;
    fill("manner", JSON.stringify({ topic, document: name, written: written || null, length: isShort() ? "short" : "full" }));
    const names = JSON.parse(line().dataset.names);
    const parts = [topic && (names[topic] ?? topic), name && (title || name), written && names[`written:${written}`]];
    const label = parts.filter(Boolean).join(" · ");
    const button = line().querySelector(".open-scope");
    const whole = line().dataset.searchIn.replace("{}", label || line().dataset.everything);
    button.firstElementChild.textContent = label || whole;
    button.title = whole;
    button.setAttribute("aria-label", whole);
    line().querySelector(".chip").classList.toggle("narrowed", Boolean(label));
    line().querySelector(".widen").hidden = !label;
    line().querySelector(".shorten").setAttribute("aria-pressed", String(isShort()));
  }

  function choose(chosen) {
    scope = { ...NOTHING, ...chosen };
    if (line()) tell();
  }

  /* What the reader chooses outlives a reload before a question is asked with it; in another conversation it means nothing. */
  function chooseAndKeep(chosen) {
    choose(chosen);
    sessionStorage.setItem(CHOSEN, JSON.stringify({ conversation: parameters().get("conversation") ?? "", scope }));
  }

  function takeKept(conversation) {
    const kept = JSON.parse(sessionStorage.getItem(CHOSEN) ?? "null");
    return kept?.conversation === conversation ? kept.scope : null;
  }

  /* The sheet */
  function check() {
    for (const radio of form().querySelectorAll("[name=where]")) {
      const { topic = "", document: name = "" } = radio.dataset;
      radio.checked = topic === scope.topic && name === scope.document;
    }
    for (const radio of form().querySelectorAll("[name=written]")) radio.checked = radio.value === scope.written;
  }

  async function list() {
    lastList += 1;
    const request = lastList;
    const search = form().querySelector("[type=search]").value;
    const html = await fragment(`scope?${new URLSearchParams({ language: page.lang, search })}`);
    if (request !== lastList) return;
    const choices = form().querySelector(".choices");
    if (html === null) choices.textContent = form().dataset.failed;
    else choices.innerHTML = html; // escaped by the server
    check();
  }

  async function open() {
    form().querySelector("[type=search]").value = "";
    await list();
    openSheet("scope");
  }

  document.addEventListener("change", (event) => {
    if (!event.target.closest?.("#scope form")) return;
    const { name, value, dataset } = event.target;
    if (name === "where") {
      const { topic, document: chosen, title } = dataset;
      chooseAndKeep({ topic: topic ?? "", document: chosen ?? "", title: title ?? "", written: chosen ? "" : scope.written });
    } else if (name === "written") {
      chooseAndKeep({ topic: scope.topic, written: value }); // a document is in one language
    }
    check();
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("#scope [type=search]")) return;
    clearTimeout(typed);
    typed = setTimeout(list, 150);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("#scope form")) return;
    event.preventDefault();
    byId("scope").close();
  });

  /* A refusal in a scope is asked again without it. */
  function everywhere(button) {
    chooseAndKeep(NOTHING);
    askOnceMore(button.closest(".turn"));
  }

  function widen() {
    chooseAndKeep(NOTHING);
    line().querySelector(".open-scope").focus();
  }

  function shorten() {
    if (isShort()) localStorage.removeItem(SHORT);
    else localStorage.setItem(SHORT, "");
    tell();
  }

  const actions = { ".open-scope": open, ".widen": widen, ".shorten": shorten, "#thread .everywhere": everywhere };
  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest?.(selector);
      if (target) return act(target);
    }
  });

  /* Another conversation is on show: it goes on in the scope of its last answer, a new one in none; and the one that a reload
     has opened again, in what was chosen there. */
  let isReloaded = true;
  document.addEventListener("advisor:conversation", (event) => {
    const { conversation = "", topic = "", within = "", title = "", written = "" } = event.detail;
    const kept = isReloaded ? takeKept(conversation) : null;
    if (!kept) sessionStorage.removeItem(CHOSEN);
    choose(kept ?? { topic, document: within, title, written });
    isReloaded = false;
  });

  window.advisor.begun.then(() => {
    if (parameters().has("conversation")) return tell();
    choose(takeKept("") ?? NOTHING);
    isReloaded = false;
  });
})();

/* What the page does without the server: shows the sources of an answer and the cited lines, and follows the conversation.
   It holds no words: they come with the page. */
(() => {
  "use strict";

  const narrow = window.matchMedia("(max-width: 899px)");
  const page = document.documentElement;
  const byId = (id) => document.getElementById(id);

  /* The language is the page's: Gradio would put the browser's in its place, and what the server draws would speak that. */
  const { lang } = page;
  const keepLanguage = () => page.lang !== lang && (page.lang = lang);
  new MutationObserver(keepLanguage).observe(page, { attributes: true, attributeFilter: ["lang"] });

  let opener = null; // where the focus goes back to
  let shownGeneration = ""; // of the document on show
  let lastRequest = 0; // a document that comes after a later one was asked for is dropped

  /* The side pane: beside the chat, or a sheet over it on a narrow screen. */
  function openPane() {
    page.classList.add("pane-open");
    byId("chat").inert = narrow.matches;
  }

  function closePane() {
    page.classList.remove("pane-open");
    byId("chat").inert = false;
  }

  /* One of the three parts of the pane: "sources", "document" or "why". */
  function showPart(shown) {
    if (shown !== "document") window.advisor.go({ document: "", start: "", end: "", generation: "" });
    for (const part of ["sources", "document", "why"]) byId(part).hidden = part !== shown;
  }

  /* The cards of one turn, under its question. */
  function selectTurn(turn) {
    const sources = turn && turn.querySelector(".sources");
    const list = byId("sources").querySelector(".list");
    const html = sources ? sources.innerHTML : "";
    if (list.dataset.shown !== html) {
      list.dataset.shown = html;
      list.innerHTML = html;
    }
    byId("sources").querySelector(".asked").textContent = html ? turn.querySelector(".question").textContent : "";
  }

  function showSources() {
    lastRequest += 1;
    showPart("sources");
    openPane();
    byId("side").scrollTop = 0;
  }

  function backToSources() {
    const card = opener && opener.closest("#sources") ? opener : byId("sources").querySelector(".card");
    showSources();
    if (card) card.focus();
  }

  /* Away from the document, to where it was opened; on a narrow screen, away from the pane too. */
  function leave() {
    hideHover();
    if (!byId("sources").hidden && !page.classList.contains("pane-open")) return;
    lastRequest += 1;
    showPart("sources");
    const stay = narrow.matches && opener && opener.closest("#sources");
    if (!stay) closePane();
    const goal = opener && opener.isConnected ? opener : document.querySelector("#question textarea");
    opener = stay ? document.querySelector("#thread .turn:last-child .show-sources") : null;
    if (goal) goal.focus();
  }

  /* What the server draws, escaped there; null when it cannot be had. */
  async function fragment(path, options) {
    const response = await fetch(`../page/${path}`, options).catch(() => null);
    return response && response.ok ? response.text() : null;
  }

  /* A document with a place in it marked; null when it is not there, or nobody answers. */
  async function fetchDocument({ document: name, start, end, generation }) {
    const query = new URLSearchParams({ language: page.lang });
    if (generation) query.set("generation", generation);
    if (start) {
      query.set("start", start);
      query.set("end", end);
    }
    const path = name.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(`../api/sources/${path}?${query}`).catch(() => null);
    return response && response.ok ? response.json() : null;
  }

  /* A document, or why there is none, into its place: the side pane, or the Sources tab. */
  function putInto(article, found) {
    if (found) article.innerHTML = found.html; // escaped by the server
    else article.textContent = article.closest("[data-unreadable]").dataset.unreadable;
    article.lang = found ? found.language : page.lang;
    Object.assign(article.dataset, { name: found?.document ?? "", title: found?.title ?? "", made: found?.generation ?? "" });
    article.dispatchEvent(new CustomEvent("advisor:document", { bubbles: true }));
  }

  async function openDocument(link) {
    const { generation = shownGeneration } = link.dataset;
    lastRequest += 1;
    const request = lastRequest;
    const found = await fetchDocument({ ...link.dataset, generation });
    if (request !== lastRequest) return;
    if (link.isConnected && !link.closest("#document")) opener = link;
    fillDocument(found, generation);
    showPosition(link);
    const { document: name, start, end } = link.dataset;
    window.advisor.go({ document: name, start, end, generation });
  }

  function fillDocument(found, generation) {
    const article = byId("document").querySelector("article");
    if (found) shownGeneration = generation;
    putInto(article, found);
    showPart("document");
    openPane();
    byId("side").scrollTop = 0;
    const cited = byId("cited");
    (cited || article).focus({ preventScroll: true });
    if (cited) cited.scrollIntoView({ block: "center" });
  }

  /* Next and previous citation: the cards are in the order of the markers. */
  const cards = () => [...byId("sources").querySelectorAll(".card")];
  const samePlace = (one, other) => ["document", "start", "end"].every((key) => one.dataset[key] === other.dataset[key]);

  function showPosition(link) {
    const all = cards();
    const at = all.findIndex((card) => samePlace(card, link));
    const steps = byId("document").querySelector(".steps");
    steps.hidden = at < 0 || all.length < 2;
    steps.dataset.at = at;
    const [position, total] = [at + 1, all.length];
    steps.querySelector("output").textContent = steps.dataset.position.replace("{}", position).replace("{}", total);
  }

  async function step(button) {
    const all = cards();
    const at = Number(button.closest(".steps").dataset.at) + Number(button.dataset.step);
    await openDocument(all[(at + all.length) % all.length]);
    button.focus({ preventScroll: true });
  }

  /* What a marker stands for, beside it: the card of its source. */
  let hovered = null;

  function showHover(marker) {
    const all = marker.closest(".turn").querySelectorAll(".sources .card");
    const card = [...all].find((one) => samePlace(one, marker));
    if (!card || hovered === marker) return;
    hideHover();
    hovered = marker;
    const box = document.createElement("div");
    box.id = "hover";
    box.role = "tooltip";
    box.innerHTML = card.innerHTML;
    marker.closest("#layout, #questions").append(box);
    marker.setAttribute("aria-describedby", "hover");
    const [from, size] = [marker.getBoundingClientRect(), box.getBoundingClientRect()];
    const below = from.top < size.height + 16;
    box.style.left = `${Math.max(8, Math.min(from.left - 24, window.innerWidth - size.width - 8))}px`;
    box.style.top = `${below ? from.bottom + 8 : from.top - size.height - 8}px`;
  }

  function hideHover() {
    if (hovered) hovered.removeAttribute("aria-describedby");
    hovered = null;
    byId("hover")?.remove();
  }

  const isMarker = (target) => target instanceof Element && target.matches(".cite");
  document.addEventListener("mouseover", (event) => (isMarker(event.target) ? showHover(event.target) : hideHover()));
  document.addEventListener("focusin", (event) => isMarker(event.target) && showHover(event.target));
  document.addEventListener("focusout", hideHover);
  document.addEventListener("scroll", hideHover, { capture: true, passive: true });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-document], .show-sources, #side .back, #side .close, #side .step");
    if (!target || !target.closest("#layout")) return;
    hideHover();
    if (target.closest("#thread")) selectTurn(target.closest(".turn"));
    if (target.dataset.document) {
      event.preventDefault();
      openDocument(target);
    } else if (target.matches(".show-sources")) {
      opener = target;
      showSources();
      if (narrow.matches) byId("sources").querySelector(".close").focus();
    } else if (target.matches(".step")) {
      step(target);
    } else if (target.matches(".back")) {
      backToSources();
    } else {
      leave();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && byId("side") && !hasSheet() && !document.querySelector("details.menu[open]")) leave();
  });

  narrow.addEventListener("change", () => {
    if (byId("chat")) byId("chat").inert = narrow.matches && page.classList.contains("pane-open");
  });

  /* A new question is scrolled to; its sources are shown as soon as they are known. Screen readers hear of an answer once it
     is complete. */
  function follow(thread) {
    let turns = 0;
    byId("current").setAttribute("aria-live", "polite");
    new MutationObserver(() => {
      const all = thread.querySelectorAll(".turn");
      const last = all[all.length - 1];
      byId("current").setAttribute("aria-busy", String(Boolean(thread.querySelector(".stage"))));
      // Not scrollIntoView: it would scroll whatever is around the thread as well.
      if (all.length > turns) thread.scrollTop += last.getBoundingClientRect().top - thread.getBoundingClientRect().top;
      // The turns of a conversation that the address names come after the document that it names: that stays.
      const isRestored = turns === 0 && window.advisor.parameters().has("document") && !thread.querySelector(".stage");
      if (all.length !== turns && !isRestored) {
        showPart("sources");
        closePane();
      }
      turns = all.length;
      if (!byId("sources").hidden) selectTurn(last);
    }).observe(thread, { childList: true, subtree: true, characterData: true });
  }

  const waiting = new MutationObserver(() => {
    const thread = byId("thread");
    if (!thread || !byId("current") || !byId("side")?.querySelector("#sources")) return;
    waiting.disconnect();
    follow(thread);
    openFromAddress();
  });
  waiting.observe(page, { childList: true, subtree: true });

  /* An address that names a place (a memo's links do) opens it beside the chat; one that names none any more leaves it. */
  function openFromAddress(place = Object.fromEntries(new URLSearchParams(location.search))) {
    if (place.tab) return;
    if (place.document) openDocument({ dataset: place, isConnected: false, closest: () => null });
    else if (!byId("document").hidden) leave();
  }

  document.addEventListener("advisor:address", (event) => openFromAddress(event.detail));

  async function toClipboard(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const from = document.activeElement; // not a secure context
      const area = document.createElement("textarea");
      area.value = text;
      (document.querySelector("dialog[open]") ?? document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      from?.focus();
    }
  }

  /* Over the page, a sheet takes the keys: Escape closes it, and nothing else. */
  const hasSheet = () => document.querySelector("dialog[open]") !== null;

  /* Wait for what Gradio or the server brings, for five seconds at most. */
  async function until(isThere) {
    for (let tries = 0; !isThere() && tries < 100; tries += 1) await new Promise((done) => setTimeout(done, 50));
  }

  const setOpener = (button) => (opener = button);
  const shared = { byId, fetchDocument, fragment, hasSheet, narrow, page, putInto, toClipboard, until };
  window.advisor = { ...shared, closePane, openPane, showPart, selectTurn, setOpener };
})();

/* What the page does without the server: shows the sources of an answer and the cited lines, and follows the conversation.
   It holds no words: they come with the page. */
(() => {
  "use strict";

  const narrow = window.matchMedia("(max-width: 899px)");
  const page = document.documentElement;
  const byId = (id) => document.getElementById(id);
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

  function showDocument(visible) {
    byId("document").hidden = !visible;
    byId("sources").hidden = visible;
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
    showDocument(false);
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
    if (byId("document").hidden && !page.classList.contains("pane-open")) return;
    lastRequest += 1;
    showDocument(false);
    const stay = narrow.matches && opener && opener.closest("#sources");
    if (!stay) closePane();
    const goal = opener && opener.isConnected ? opener : document.querySelector("#question textarea");
    opener = stay ? document.querySelector("#thread .turn:last-child .show-sources") : null;
    if (goal) goal.focus();
  }

  async function openDocument(link) {
    const { document: name, start, end, generation = shownGeneration } = link.dataset;
    const query = new URLSearchParams({ generation, language: page.lang });
    if (start) {
      query.set("start", start);
      query.set("end", end);
    }
    const path = name.split("/").map(encodeURIComponent).join("/");
    lastRequest += 1;
    const request = lastRequest;
    let found = null;
    try {
      const response = await fetch(`/api/sources/${path}?${query}`);
      if (response.ok) found = await response.json();
    } catch {
      // no server: said below
    }
    if (request !== lastRequest) return;
    if (!link.closest("#document")) opener = link;
    fillDocument(found, generation);
  }

  function fillDocument(found, generation) {
    const article = byId("document").querySelector("article");
    if (found) {
      article.innerHTML = found.html; // escaped by the server
      article.lang = found.language;
      shownGeneration = generation;
    } else {
      article.textContent = byId("document").dataset.unreadable;
      article.lang = page.lang;
    }
    showDocument(true);
    openPane();
    byId("side").scrollTop = 0;
    const cited = byId("cited");
    (cited || article).focus({ preventScroll: true });
    if (cited) cited.scrollIntoView({ block: "center" });
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-document], .show-sources, #side .back, #side .close");
    if (!target) return;
    if (target.closest("#thread")) selectTurn(target.closest(".turn"));
    if (target.dataset.document) {
      event.preventDefault();
      openDocument(target);
    } else if (target.matches(".show-sources")) {
      opener = target;
      showSources();
      if (narrow.matches) byId("sources").querySelector(".close").focus();
    } else if (target.matches(".back")) {
      backToSources();
    } else {
      leave();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && byId("side")) leave();
  });

  narrow.addEventListener("change", () => {
    if (byId("chat")) byId("chat").inert = narrow.matches && page.classList.contains("pane-open");
  });

  /* A new question is scrolled to; its sources are shown as soon as they are known. Screen readers hear of an answer once it
     is complete. */
  function follow(thread) {
    let turns = 0;
    thread.setAttribute("aria-live", "polite");
    new MutationObserver(() => {
      const all = thread.querySelectorAll(".turn");
      const last = all[all.length - 1];
      thread.setAttribute("aria-busy", String(Boolean(thread.querySelector(".stage"))));
      if (all.length > turns) last.scrollIntoView({ block: "start", behavior: "smooth" });
      if (all.length !== turns) {
        showDocument(false);
        closePane();
      }
      turns = all.length;
      if (byId("document").hidden) selectTurn(last);
    }).observe(thread, { childList: true, subtree: true, characterData: true });
  }

  const waiting = new MutationObserver(() => {
    const thread = byId("thread");
    if (!thread || !byId("side")) return;
    waiting.disconnect();
    follow(thread);
  });
  waiting.observe(page, { childList: true, subtree: true });
})();

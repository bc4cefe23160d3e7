/* The list of conversations, and what can be done with an answer: ask again, edit, copy, judge, explain, go on. */
(() => {
  "use strict";

  const { byId, fragment, hasSheet, narrow, page, parameters, toClipboard } = window.advisor;
  const { openPane, showPart, selectTurn, setOpener } = window.advisor;
  const language = () => page.lang;
  const field = (id) => byId(id).querySelector("textarea, input");

  function fill(id, text) {
    const input = field(id);
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

  async function send(path, method, body) {
    const options = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) };
    const response = await fetch(`../page/${path}`, options).catch(() => null);
    return Boolean(response && response.ok);
  }

  /* Asking */
  async function ask(question, replaced = "") {
    if (byId("current").querySelector(".stage")) return;
    fill("replaced", replaced);
    fill("question", question);
    await settled();
    byId("send").click();
  }

  /* While an answer comes, the next question may be written: Enter sends nothing. What was sent leaves the field with the
     first sign of an answer, here and not by the server, so that nothing is lost of what is being written behind it. */
  const isAnswering = () => Boolean(byId("current")?.querySelector(".stage"));
  let sent = null;

  function takeSent() {
    const text = field("question").value;
    if (sent !== null && text.startsWith(sent)) fill("question", text.slice(sent.length));
    sent = null;
  }

  /* What is sent before Gradio takes events would be lost, and what is sent while the event of a question runs: that goes on
     for a moment after its answer. So it is sent once Gradio takes it. */
  let begin;
  let hasBegun = false;
  const begun = new Promise((done) => (begin = done));
  let isRunning = false;
  let isWaiting = false;

  function beforeSending(event) {
    if (hasBegun && !isRunning) {
      sent = field("question").value;
      isRunning = true;
      document.dispatchEvent(new CustomEvent("advisor:sending"));
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (!hasBegun) begun.then(() => byId("send").click());
    else isWaiting ||= sent === null && !isAnswering();
  }

  /* The event of a question is over, or was refused. */
  function over() {
    isRunning = false;
    sent = null;
    if (isWaiting) byId("send").click();
    isWaiting = false;
  }

  document.addEventListener(
    "keydown",
    (event) => event.key === "Enter" && !event.shiftKey && event.target.closest?.("#question") && beforeSending(event),
    true,
  );
  document.addEventListener("click", (event) => event.target.closest?.("#send") && beforeSending(event), true);

  /* A page that is reloaded in the middle of an answer asks again. */
  const UNANSWERED = "advisor:unanswered";

  function rememberAsked(question) {
    sessionStorage.setItem(UNANSWERED, JSON.stringify({ question, conversation: current }));
  }

  document.addEventListener("advisor:lost", () => sent?.trim() && rememberAsked(sent));

  /* A question in the address (`?q=…`) is asked, once. */
  function askFromAddress() {
    const question = parameters().get("q");
    if (!question) return false;
    window.advisor.go({ q: "" }, { replace: true });
    ask(question);
    return true;
  }

  const askOnceMore = (turn) => ask(turn.dataset.question, turn.dataset.answer);

  async function askAgain() {
    const asked = JSON.parse(sessionStorage.getItem(UNANSWERED) ?? "null");
    sessionStorage.removeItem(UNANSWERED);
    if (!asked || asked.conversation !== (parameters().get("conversation") ?? "")) return;
    await isOpened;
    ask(asked.question);
  }

  function edit(turn) {
    fill("replaced", turn.dataset.answer);
    fill("question", turn.dataset.question);
    byId("editing").querySelector(".editing").hidden = false;
    field("question").focus();
  }

  function leaveEditing(empty) {
    const note = byId("editing").querySelector(".editing");
    fill("replaced", "");
    if (!note || note.hidden) return;
    note.hidden = true;
    if (!empty) return;
    fill("question", "");
    field("question").focus();
  }

  /* The list */
  let current = ""; // the conversation on show
  let lastList = 0;

  async function refresh() {
    lastList += 1;
    const request = lastList;
    const search = byId("history").querySelector("input[type=search]").value;
    const behind = new Date().getTimezoneOffset();
    const html = await fragment(`conversations?${new URLSearchParams({ language: language(), search, behind })}`);
    if (html === null || request !== lastList) return;
    const list = byId("history").querySelector(".list");
    const menuOf = list.querySelector("details[open]")?.closest("li").dataset.conversation;
    list.innerHTML = html;
    list.querySelector(`li[data-conversation="${CSS.escape(menuOf ?? "")}"] details`)?.setAttribute("open", "");
    markCurrent();
  }

  function markCurrent() {
    for (const link of byId("history").querySelectorAll("a.open")) {
      const shown = link.closest("li").dataset.conversation === current;
      shown ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
  }

  /* Back goes from one conversation to another; the first question of a new one is nothing to go back from. */
  const showAddress = (replace) => window.advisor.go({ conversation: current }, { replace });

  document.addEventListener("advisor:address", (event) => {
    const wanted = event.detail.conversation ?? "";
    if (wanted === current) return;
    if (wanted) open(wanted);
    else byId("new").click();
  });

  /* No question is taken until the conversation is there: it would begin another one. */
  let isOpened = Promise.resolve();
  let opened = () => {};

  async function open(conversation) {
    byId("composer").inert = true;
    isOpened = new Promise((done) => (opened = done));
    fill("opened", conversation);
    await settled();
    byId("open").click();
    showHistory(false);
    await isOpened;
    byId("composer").inert = false;
    if (document.activeElement === document.body) field("question").focus();
  }

  function showHistory(visible) {
    page.classList.toggle("history-open", visible);
    byId("title").querySelector(".show-history").setAttribute("aria-expanded", String(visible));
    if (visible) byId("history").querySelector("input[type=search]").focus();
  }

  function rename(button) {
    const entry = button.closest("li");
    const link = entry.querySelector("a.open");
    const form = document.createElement("form");
    const input = document.createElement("input");
    input.value = link.textContent;
    input.setAttribute("aria-label", button.textContent);
    input.maxLength = 200;
    form.append(input);
    const leave = () => {
      form.replaceWith(link);
      link.focus();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!input.value.trim()) return leave();
      await send(`conversations/${entry.dataset.conversation}`, "PATCH", { title: input.value });
      await refresh();
      focusEntry(entry.dataset.conversation);
    });
    input.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), leave()));
    entry.querySelector("details").open = false;
    link.replaceWith(form);
    input.select();
  }

  /* What is deleted can be taken back, until another conversation is shown or deleted. */
  let deleted = { conversation: "", wasShown: false };
  const undoNote = () => byId("history").querySelector(".undo");

  async function remove(button) {
    const { conversation } = button.closest("li").dataset;
    if (await send(`conversations/${conversation}`, "DELETE")) {
      deleted = { conversation, wasShown: conversation === current };
      undoNote().hidden = false;
      undoNote().querySelector("span").textContent = button.dataset.deleted;
      if (deleted.wasShown) byId("new").click();
    }
    await refresh();
    (undoNote().hidden ? byId("history").querySelector("input[type=search]") : undoNote().querySelector("button")).focus();
  }

  async function takeBack() {
    const { conversation, wasShown } = deleted;
    undoNote().hidden = true;
    await send(`conversations/${conversation}/restore`, "POST");
    await refresh();
    focusEntry(conversation);
    if (wasShown && !current) open(conversation);
  }

  const focusEntry = (conversation) =>
    (byId("history").querySelector(`li[data-conversation="${CSS.escape(conversation)}"] a.open`) ??
      byId("history").querySelector("input[type=search]")
    ).focus();

  async function pin(button) {
    const { conversation } = button.closest("li").dataset;
    button.closest("details").open = false;
    await send(`conversations/${conversation}`, "PATCH", { pinned: button.dataset.pinned !== "true" });
    await refresh();
    focusEntry(conversation);
  }

  /* An answer */
  async function copy(button) {
    await toClipboard(button.dataset.copy);
    say(button.closest(".actions"), button.dataset.done);
  }

  const NOTE_SHOWN = 6000; // milliseconds
  let fading = 0;

  function say(actions, message) {
    let note = actions.querySelector(".note");
    if (!note) {
      note = document.createElement("span");
      note.className = "note";
      note.role = "status";
      actions.append(note);
    }
    note.textContent = message;
    clearTimeout(fading);
    fading = setTimeout(() => note.remove(), NOTE_SHOWN);
  }

  async function rate(button) {
    const turn = button.closest(".turn");
    const { rating } = button.dataset;
    const isTakenBack = button.getAttribute("aria-pressed") === "true";
    turn.querySelector(".opinion")?.remove();
    const form = byId("opinion").content.firstElementChild;
    // What was said of a bad answer before comes back with the verdict.
    const { reason, comment } = rating === "down" ? button.dataset : { reason: "", comment: "" };
    const path = `answers/${turn.dataset.answer}/verdict`;
    const kept = await (isTakenBack ? send(path, "DELETE") : send(path, "POST", { rating, reason, comment }));
    const said = isTakenBack ? form.dataset.takenBack : rating === "up" ? form.dataset.thanks : "";
    say(turn.querySelector(".actions"), kept ? said : form.dataset.failed);
    if (!kept) return;
    for (const other of turn.querySelectorAll(".rate")) other.setAttribute("aria-pressed", String(other === button && !isTakenBack));
    if (rating === "down" && !isTakenBack) askWhy(turn, form.cloneNode(true), button);
  }

  function askWhy(turn, form, button) {
    turn.querySelector(".actions").after(form);
    form.elements.reason.value = button.dataset.reason;
    form.elements.comment.value = button.dataset.comment;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = { rating: "down", reason: form.elements.reason.value, comment: form.elements.comment.value };
      const kept = await send(`answers/${turn.dataset.answer}/verdict`, "POST", said);
      say(turn.querySelector(".actions"), kept ? form.dataset.thanks : form.dataset.failed);
      if (!kept) return;
      Object.assign(button.dataset, { reason: said.reason, comment: said.comment });
      leaveForm(turn, form);
    });
    form.querySelector(".drop").addEventListener("click", () => leaveForm(turn, form));
    (form.querySelector("input:checked") ?? form.querySelector("input")).focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function leaveForm(turn, form) {
    form.remove();
    turn.querySelector('.rate[data-rating="down"]').focus();
  }

  async function explain(button) {
    const turn = button.closest(".turn");
    selectTurn(turn);
    setOpener(button);
    const part = byId("why");
    const html = await fragment(`answers/${turn.dataset.answer}/why?language=${language()}`);
    if (html === null) part.querySelector(".list").textContent = part.dataset.failed;
    else part.querySelector(".list").innerHTML = html;
    showPart("why");
    openPane();
    byId("side").scrollTop = 0;
    byId("why-title").focus({ preventScroll: true });
  }

  async function suggest(turn) {
    const html = await fragment(`answers/${turn.dataset.answer}/next`);
    if (!html || !turn.isConnected || turn.querySelector(".next")) return;
    const box = document.createElement("div");
    box.className = "next";
    box.dataset.answer = turn.dataset.answer;
    box.lang = turn.lang;
    box.innerHTML = html;
    turn.append(box);
  }

  /* To the curators, who have it in their list: a refusal that should have been an answer. */
  async function tell(button) {
    const turn = button.closest(".turn");
    const kept = await send(`answers/${turn.dataset.answer}/verdict`, "POST", { rating: "down", reason: "refused" });
    if (kept) turn.querySelector('.rate[data-rating="down"]').setAttribute("aria-pressed", "true");
    button.nextElementSibling.textContent = kept ? button.dataset.done : button.dataset.failed;
    button.disabled = kept;
  }

  const actions = {
    ".tell": tell,
    ".ask": (button) => ask(button.dataset.question),
    ".retry": (button) => askOnceMore(button.closest(".turn")),
    ".edit": (button) => edit(button.closest(".turn")),
    ".leave-editing": () => leaveEditing(true),
    ".copy": copy,
    ".rate": rate,
    ".why": explain,
    ".show-history": (button) => showHistory(button.getAttribute("aria-expanded") !== "true"),
    ".close-history": () => {
      showHistory(false);
      byId("title").querySelector(".show-history").focus();
    },
    "#history .rename": rename,
    "#history .pin": pin,
    "#history .take-back": takeBack,
    "#history .delete": remove,
    "#history a.open": (link, event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab or window
      event.preventDefault();
      open(link.closest("li").dataset.conversation);
    },
  };

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      const chosen = event.target.closest(".choices a") && menu.contains(event.target);
      if (chosen || !menu.contains(event.target)) menu.open = false;
    }
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest(selector);
      if (target && target.closest("#layout")) return act(target, event);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !byId("history") || hasSheet()) return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      event.preventDefault(); // nothing else is left by it
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    leaveEditing(true);
    if (page.classList.contains("history-open")) {
      showHistory(false);
      byId("title").querySelector(".show-history").focus();
    }
  });

  /* What changes with each finished answer, or once there is none any more: the address, the list, the questions to go on
     with, which stand under the last answer only. */
  function watch(thread) {
    let shown = " "; // no conversation, no answer
    let busy = false;
    new MutationObserver(() => {
      const turn = [...thread.querySelectorAll(".turn")].pop();
      const answer = turn?.dataset.answer ?? "";
      for (const box of thread.querySelectorAll(".next")) if (box.dataset.answer !== answer) box.remove();
      if (thread.querySelector(".stage")) {
        if (!busy) {
          leaveEditing(false);
          takeSent();
          rememberAsked(turn.dataset.question);
        }
        busy = true;
        return;
      }
      if (busy) sessionStorage.removeItem(UNANSWERED);
      const wasBusy = busy;
      busy = false;
      const conversation = turn ? (turn.dataset.conversation ?? current) : "";
      const now = `${conversation} ${answer}`;
      if (now === shown) return;
      shown = now;
      const isBegun = !current && !parameters().has("conversation");
      if (conversation && conversation !== current) undoNote().hidden = true;
      const isOther = conversation !== current && !wasBusy;
      current = conversation;
      if (isOther) document.dispatchEvent(new CustomEvent("advisor:conversation", { detail: { ...turn?.dataset } }));
      leaveEditing(false);
      if (answer) takeSent();
      showAddress(isBegun);
      refresh();
      if (answer) suggest(turn);
    }).observe(thread, { childList: true, subtree: true, attributeFilter: ["class", "data-answer"] }); // Gradio keeps elements
  }

  /* The index may have changed since the page was built. */
  async function showStarters() {
    const html = await fragment(`start?language=${language()}`);
    const place = byId("welcome")?.querySelector(".starters");
    if (html && place) place.innerHTML = html; // escaped by the server
  }

  let typed = 0;
  const waiting = new MutationObserver(() => {
    if (["current", "history", "opened", "title", "sources", "welcome"].some((id) => !byId(id)?.firstChild)) return;
    waiting.disconnect();
    watch(byId("thread"));
    showStarters();
    begun.then(() => {
      if (parameters().get("conversation")) open(parameters().get("conversation"));
      if (!askFromAddress()) askAgain();
    });
    byId("history").addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(typed);
      typed = setTimeout(refresh, 150);
    });
    refresh();
    narrow.addEventListener("change", () => showHistory(false));
  });
  waiting.observe(page, { childList: true, subtree: true });

  /* A question to go on writing. */
  function compose(question) {
    fill("question", question);
    field("question").focus();
  }

  window.advisor.sent = () => sent; // a question without any sign of an answer, null where there is none
  Object.assign(window.advisor, { askOnceMore, begun, compose, fill, refreshConversations: refresh });
  window.advisor.opened = () => opened();
  window.advisor.over = over;
  window.advisor.begin = () => {
    hasBegun = true;
    begin();
  };
})();

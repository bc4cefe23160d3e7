/* Opens the cited lines: a click (or Enter) on a marker, a source or a link between documents. */
(() => {
  const language = location.pathname.startsWith("/en") ? "en" : "fr";
  document.documentElement.lang = language;
  let opener = null;

  const reader = () => document.getElementById("document");

  async function open(button) {
    const { document: name, start, end, generation } = button.dataset;
    const query = new URLSearchParams({ language });
    if (start) { query.set("start", start); query.set("end", end); }
    if (generation) query.set("generation", generation);
    const path = name.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(`/api/sources/${path}?${query}`);
    const found = await response.json();
    const section = reader();
    if (!button.closest("#document")) opener = button;
    section.querySelector("h3").textContent = response.ok ? found.title : found.detail;
    section.querySelector("article").innerHTML = response.ok ? found.html : "";
    section.querySelector("article").lang = found.language || language;
    section.hidden = false;
    document.body.classList.add("reading");
    const mark = document.getElementById("cited");
    if (mark) mark.scrollIntoView({ block: "center" });
    else section.querySelector("article").scrollTop = 0;
    section.querySelector(".close").focus({ preventScroll: true });
  }

  function close() {
    if (!reader() || reader().hidden) return;
    reader().hidden = true;
    document.body.classList.remove("reading");
    if (opener && opener.isConnected) opener.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-document]");
    if (button) open(button);
    else if (event.target.closest("#document .close")) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && event.target.matches && event.target.matches(".document-link")) open(event.target);
  });

  /* Follow the conversation as it grows, and tell screen readers about it. */
  new MutationObserver(() => {
    const thread = document.getElementById("thread");
    if (!thread || thread.dataset.watched) return;
    thread.dataset.watched = "yes";
    thread.setAttribute("aria-live", "polite");
    new MutationObserver(() => {
      const questions = thread.querySelectorAll(".question");
      if (questions.length) questions[questions.length - 1].scrollIntoView({ block: "start" });
      close();
    }).observe(thread, { childList: true, subtree: true });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();

/* The Sources tab: search as you type, read, follow links. */
(() => {
  "use strict";

  const { byId, fetchDocument, fragment, hasSheet, narrow, page, putInto } = window.advisor;
  const root = () => byId("library");
  let lastList = 0;
  let lastRead = 0;
  let typed = 0;
  let opener = null;

  async function list() {
    const form = root().querySelector("form");
    const query = new URLSearchParams(new FormData(form));
    query.set("language", page.lang);
    lastList += 1;
    const request = lastList;
    const html = await fragment(`library?${query}`);
    if (request !== lastList) return;
    const results = root().querySelector(".results");
    if (html === null) results.textContent = form.dataset.failed;
    else results.innerHTML = html;
  }

  async function read(place) {
    lastRead += 1;
    const request = lastRead;
    const query = new URLSearchParams({ document: place.document, language: page.lang });
    const [found, links] = await Promise.all([
      fetchDocument(place),
      fragment(`library/links?${query}`),
    ]);
    if (request !== lastRead) return;
    const reader = root().querySelector(".reader");
    const article = reader.querySelector("article");
    putInto(article, found);
    reader.querySelector(".links").innerHTML = (found && links) || "";
    root().classList.add("reading");
    reader.scrollTop = 0;
    const cited = article.querySelector("mark");
    (cited || article).focus({ preventScroll: true });
    if (narrow.matches) (cited || reader).scrollIntoView({ block: cited ? "center" : "start" });
    else if (cited) reader.scrollTop = cited.getBoundingClientRect().top - reader.getBoundingClientRect().top - 120;
  }

  function leave() {
    root().classList.remove("reading");
    if (opener && opener.isConnected) opener.focus();
  }

  /* From another tab: show this one, then read. */
  async function readHere(place) {
    const tab = byId("tab-sources-button");
    tab.click();
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    for (let tries = 0; !root() && tries < 50; tries += 1) await new Promise((done) => setTimeout(done, 40));
    if (root()) read(place);
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const target = event.target.closest(".read, #library [data-document], #library .leave, #questions .preview [data-document]");
    if (!target) return;
    event.preventDefault();
    if (target.matches(".leave")) return leave();
    if (target.closest("#library .results")) opener = target;
    target.closest("#library") ? read(target.dataset) : readHere(target.dataset);
  });

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#library form")) return;
    clearTimeout(typed);
    typed = setTimeout(list, event.target.type === "search" ? 180 : 0);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#library")) return;
    event.preventDefault();
    list();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !hasSheet() && !event.defaultPrevented && root()?.contains(document.activeElement)) leave();
  });

  /* What is listed is read again whenever the tab is opened: the index may have changed. */
  document.addEventListener("click", (event) => event.target.closest?.("#tab-sources-button") && root() && list());
  const waiting = new MutationObserver(() => {
    if (!root()?.querySelector("form")) return;
    waiting.disconnect();
    list();
  });
  waiting.observe(page, { childList: true, subtree: true });
})();

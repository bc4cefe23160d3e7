/* The address says what is on show: the tab, the conversation, the document. Reloading, Back and a link lead to the same. */
(() => {
  "use strict";

  const { byId, page, until } = window.advisor;
  const parameters = () => new URLSearchParams(location.search);
  const FIRST = "chat";

  /* Change some parameters ("" for none); `replace` where nothing was done that Back should undo. */
  function go(changes, { replace = false } = {}) {
    const query = parameters();
    for (const [name, value] of Object.entries(changes)) value ? query.set(name, value) : query.delete(name);
    const [now, next] = [parameters().toString(), query.toString()];
    if (now !== next) history[replace ? "replaceState" : "pushState"](null, "", location.pathname + (next && `?${next}`));
    linkOther();
  }

  function linkOther() {
    const other = byId("language")?.querySelector("a");
    if (other) other.href = `../${other.hreflang}/${location.search}`;
  }

  const button = (tab) => byId(`tab-${tab}-button`);
  const selected = () => document.querySelector("#tabs [role=tab][aria-selected=true]")?.id.replace(/^tab-|-button$/g, "");

  /* The tabs of curators appear once it is known that one is here. */
  async function showTab(tab) {
    const isShown = () => Boolean(button(tab)?.offsetParent);
    await until(isShown);
    if (isShown() && selected() !== tab) button(tab).click();
    button(tab)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("#tabs [role=tab]");
    if (!tab || !event.isTrusted) return;
    const name = tab.id.replace(/^tab-|-button$/g, "");
    go({ tab: name === FIRST ? "" : name, make: "", document: "", start: "", end: "", generation: "" });
  });

  window.addEventListener("popstate", () => {
    linkOther();
    showTab(parameters().get("tab") ?? FIRST);
    document.dispatchEvent(new CustomEvent("advisor:address", { detail: Object.fromEntries(parameters()) }));
  });

  const waiting = new MutationObserver(() => {
    if (!button(FIRST) || !byId("language")?.querySelector("a")) return;
    waiting.disconnect();
    linkOther();
    const tab = parameters().get("tab");
    if (tab) showTab(tab);
  });
  waiting.observe(page, { childList: true, subtree: true });

  Object.assign(window.advisor, { go, parameters, showTab });
})();

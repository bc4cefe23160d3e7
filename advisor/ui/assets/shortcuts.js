/* Single keys, for those who write without a mouse; the sheet of keys can turn them off, and the browser remembers it. */
(() => {
  "use strict";

  const { byId, closePane, go, hasSheet, narrow, openSheet, showTab, until } = window.advisor;
  const OFF = "advisor:no-keys";
  const FIELDS = "input, textarea, select, [contenteditable]";
  const shown = (selector) => [...document.querySelectorAll(selector)].find((element) => element.offsetParent !== null);

  /* A field of a tab, which is shown first. */
  async function write(tab, selector) {
    if (narrow.matches) closePane(); // it covers the chat
    go({ tab: tab === "chat" ? "" : tab });
    await showTab(tab);
    await until(() => shown(selector));
    shown(selector)?.focus();
  }

  async function searchConversations() {
    go({ tab: "" });
    await showTab("chat");
    if (!shown("#history input[type=search]")) shown(".show-history")?.click();
    shown("#history input[type=search]")?.focus();
  }

  const keys = {
    "/": () => write("chat", "#question textarea"),
    n: () => shown("#new")?.click(),
    h: searchConversations,
    s: () => write("sources", "#library form input"),
    c: () => [...document.querySelectorAll("#thread .copy")].at(-1)?.click(),
    k: () => shown("#side .step[data-step='-1']")?.click(),
    j: () => shown("#side .step[data-step='1']")?.click(),
    f: () => shown(".tools .find input")?.focus(),
    "?": () => openSheet("shortcuts"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || hasSheet()) return;
    if (!(event.target instanceof Element)) return;
    if (event.target.closest(FIELDS)) {
      if (event.key === "Escape" && !event.defaultPrevented && event.target.closest("#question")) event.target.blur();
      return;
    }
    const act = localStorage.getItem(OFF) === null && Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act) return;
    event.preventDefault(); // the key is not written into the field that it leads to
    act();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("#shortcuts input")) return;
    if (event.target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "");
  });

  const waiting = new MutationObserver(() => {
    const box = byId("shortcuts")?.querySelector("input");
    if (!box) return;
    waiting.disconnect();
    box.checked = localStorage.getItem(OFF) === null;
  });
  waiting.observe(document.documentElement, { childList: true, subtree: true });
})();

/* Sheets over the page: the link that shares a conversation. */
(() => {
  "use strict";

  const { byId, fragment, page, refreshConversations, toClipboard } = window.advisor;

  function openSheet(name) {
    if (!byId(name).open) byId(name).showModal();
  }

  /* The link of a conversation */
  let conversation = "";
  const content = () => byId("share").querySelector(".content");

  async function showShare(method = "GET") {
    const path = `conversations/${conversation}/share?language=${page.lang}`;
    const html = await fragment(path, { method });
    if (html === null) content().textContent = content().dataset.failed;
    else content().innerHTML = html; // escaped by the server
    if (method !== "GET") refreshConversations();
  }

  async function share(button) {
    button.closest("details").open = false;
    ({ conversation } = button.closest("li").dataset);
    content().replaceChildren();
    await showShare();
    openSheet("share");
  }

  /* Back to where it was opened: the list may have been read again meanwhile. */
  const focusMenu = () => document.querySelector(`#history li[data-conversation="${CSS.escape(conversation)}"] summary`)?.focus();
  document.addEventListener("close", (event) => event.target.id === "share" && focusMenu(), true);

  async function change(method) {
    await showShare(method);
    content().querySelector("button")?.focus();
  }

  async function copyLink(button) {
    await toClipboard(content().querySelector("input").value);
    content().querySelector("[role=status]").textContent = button.dataset.done;
    button.focus();
  }

  const actions = {
    "#history .share": share,
    "#share .make-link": () => change("POST"),
    "#share .end-link": () => change("DELETE"),
    "#share .copy-link": copyLink,
    ".show-shortcuts": () => openSheet("shortcuts"),
    ".close-sheet": (button) => button.closest("dialog").close(),
  };

  window.advisor.openSheet = openSheet;
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.matches("dialog.sheet")) return event.target.close(); // beside the sheet
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest(selector);
      if (target) return act(target);
    }
  });
})();

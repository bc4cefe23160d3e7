/* Who is signed in, and the tabs of curators for those who are. */
(() => {
  "use strict";

  const { byId, fragment, page } = window.advisor;

  const waiting = new MutationObserver(async () => {
    const place = byId("account");
    if (!place) return;
    waiting.disconnect();
    const html = await fragment(`account?language=${page.lang}`);
    if (html === null) return;
    place.innerHTML = html; // escaped by the server
    page.classList.toggle("curator", place.querySelector("[data-curator=true]") !== null);
  });
  waiting.observe(page, { childList: true, subtree: true });
})();

/* The Maturity check tab: one domain at a time, then the result. */
(() => {
  "use strict";

  const { byId, page } = window.advisor;
  const root = () => byId("maturity");
  let at = 0;

  async function load() {
    const questions = root().querySelector(".questions");
    const response = await fetch(`/page/maturity?language=${page.lang}`).catch(() => null);
    if (!response || !response.ok) {
      questions.textContent = questions.dataset.failed;
      return;
    }
    questions.innerHTML = await response.text(); // escaped by the server
    show(0, false);
  }

  function show(wanted, focus = true) {
    const steps = [...root().querySelectorAll(".domain")];
    if (!steps.length) return;
    at = Math.max(0, Math.min(wanted, steps.length - 1));
    steps.forEach((step, number) => (step.hidden = number !== at));
    root().querySelector("progress").value = at + 1;
    root().querySelector(".back").disabled = at === 0;
    root().querySelector(".forward").hidden = at === steps.length - 1;
    root().querySelector("[type=submit]").hidden = at !== steps.length - 1;
    if (!focus) return;
    steps[at].querySelector("input").focus({ preventScroll: true });
    root().scrollIntoView({ block: "start" });
  }

  /* Domain -> one character a statement: its answer, or "-". */
  function answers() {
    const query = new URLSearchParams({ language: page.lang });
    for (const step of root().querySelectorAll(".domain")) {
      const given = [...step.querySelectorAll(".statement")].map((one) => one.querySelector(":checked")?.value ?? "-");
      query.set(step.dataset.domain, given.join(""));
    }
    return query;
  }

  async function finish() {
    const result = root().querySelector(".result");
    const response = await fetch(`/page/maturity/result?${answers()}`).catch(() => null);
    if (response && response.ok) result.innerHTML = await response.text();
    else result.textContent = root().querySelector(".questions").dataset.failed;
    root().querySelector(".questions").hidden = Boolean(response && response.ok);
    result.focus({ preventScroll: true });
    root().scrollIntoView({ block: "start" });
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("#maturity button");
    if (!target) return;
    if (target.matches(".back")) show(at - 1);
    if (target.matches(".forward")) show(at + 1);
    if (target.matches(".again")) {
      root().querySelector(".result").replaceChildren();
      root().querySelector(".questions").hidden = false;
      show(0);
    }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#maturity")) return;
    event.preventDefault();
    finish();
  });

  const waiting = new MutationObserver(() => {
    if (!root()?.querySelector(".questions")) return;
    waiting.disconnect();
    load();
  });
  waiting.observe(page, { childList: true, subtree: true });
})();

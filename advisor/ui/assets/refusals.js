/* What the page sends to Gradio, and is not taken: Gradio says nothing of it that a reader understands. A notice above the
   field does, and on the other tabs at their top; the question stays where it is. */
(() => {
  "use strict";

  const { byId } = window.advisor;
  const JOIN = "/gradio_api/queue/join";
  const STREAM = "/gradio_api/queue/data";
  const PAUSE = 2000; // milliseconds between two looks whether the server answers
  const APART = 60_000; // milliseconds between two reloads that nobody asked for
  const RELOADED = "advisor:reloaded";
  const FIELDS = "textarea, input[type=text], input:not([type])"; // a search holds nothing that would be missed
  const send = window.fetch.bind(window);
  const notice = document.createElement("p");
  notice.className = "refusal";
  notice.role = "alert";
  const typed = new WeakSet(); // the fields in which somebody wrote
  let isLost = false;
  let isLeaving = false;

  /* Where the reader is looking. */
  function place() {
    const tab = document.querySelector("#tabs > [role=tabpanel]:not([style*='display: none'])");
    return !tab || tab.id === "tab-chat" ? byId("composer") : tab;
  }

  function tell(code, seconds = "") {
    const held = byId("editing")?.querySelector("[data-refusals]");
    if (!held) return; // the page is still being built
    const words = JSON.parse(held.dataset.refusals);
    notice.textContent = (words[code] ?? words[""]).replace("{}", seconds);
    if (code === "unsent") notice.append(" ", reloading(words.reload));
    place().prepend(notice);
  }

  function reloading(label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => location.reload());
    return button;
  }

  async function refused(response) {
    const problem = await response.clone().json().catch(() => null);
    const isFull = String(problem?.detail).startsWith("Queue is full"); // Gradio's own, whose answer has no code
    const isOfProxy = response.status >= 502 && response.status <= 504 && !problem?.code && !isFull;
    if (isOfProxy) lost();
    else tell(problem?.code ?? (isFull ? "busy" : ""), response.headers.get("retry-after") ?? "");
  }

  /* Whether a reload would take what somebody wrote, on whatever tab, other than the question that is asked again. */
  const isWritten = (asked) =>
    window.advisor.isUnsaved() ||
    [...document.querySelectorAll(FIELDS)].some((field) => typed.has(field) && field.value.trim() && field.value !== asked);

  /* Gradio takes nothing any more on a page that has lost the server: it is loaded anew once that answers again, and what was
     asked is asked then. Where something else was written, the reader says when. */
  async function lost() {
    if (isLost) return;
    isLost = true;
    const asked = window.advisor.sent();
    tell("lost");
    document.dispatchEvent(new CustomEvent("advisor:lost"));
    do await new Promise((done) => setTimeout(done, PAUSE));
    while (!(await send("../api/health").catch(() => null))?.ok);
    if (isWritten(asked)) return tell("unsent");
    if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < APART) return tell(""); // that did not help
    sessionStorage.setItem(RELOADED, Date.now());
    location.reload();
  }

  const broken = (error) => error.name !== "AbortError" && !isLeaving && lost();

  const reach = (given) =>
    send(...given).catch((error) => {
      broken(error);
      throw error;
    });

  async function join(given) {
    const response = await reach(given);
    if (response.ok) notice.remove();
    else await refused(response);
    return response;
  }

  /* Read beside Gradio, which keeps to itself that a stream broke off. The page itself ends it by aborting. */
  async function stream(given) {
    const response = await reach(given);
    if (response.status >= 500 && !isLeaving) lost();
    if (!response.ok || !response.body) return response;
    const [ours, theirs] = response.body.tee();
    ours.pipeTo(new WritableStream()).catch(broken);
    return new Response(theirs, response);
  }

  window.addEventListener("pagehide", () => (isLeaving = true));
  document.addEventListener("input", ({ isTrusted, target }) => isTrusted && target.matches(FIELDS) && typed.add(target));
  window.fetch = (...given) => {
    if (isLost) return send(...given);
    const address = String(given[0]?.url ?? given[0]);
    if (address.includes(JOIN)) return join(given);
    return address.includes(STREAM) ? stream(given) : send(...given);
  };

  /* An event that was taken, and failed. */
  window.advisor.failed = () => {
    if (!notice.isConnected) tell("");
    for (const stage of byId("current").querySelectorAll(".stage")) stage.remove(); // nothing comes any more
    window.advisor.over();
  };
  document.addEventListener("advisor:sending", () => isLost || notice.remove());
})();

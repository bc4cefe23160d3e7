/* What the page sends to Gradio, and is not taken: Gradio says nothing of it that a reader understands. A notice above the
   field does, and on the other tabs at their top; the question stays where it is. */
(() => {
  "use strict";

  const { byId } = window.advisor;
  const JOIN = "/gradio_api/queue/join";
  const STREAM = "/gradio_api/queue/data";
  const PAUSE = 2000; // milliseconds between two looks whether the server answers
  const send = window.fetch.bind(window);
  const notice = document.createElement("p");
  notice.className = "refusal";
  notice.role = "alert";
  let isLost = false;
  let isLeaving = false;

  /* Where the reader is looking. */
  function place() {
    const tab = document.querySelector("#tabs > [role=tabpanel]:not([style*='display: none'])");
    return !tab || tab.id === "tab-chat" ? byId("composer") : tab;
  }

  function tell(code, seconds = "") {
    const words = JSON.parse(byId("editing").querySelector("[data-refusals]").dataset.refusals);
    notice.textContent = (words[code] ?? words[""]).replace("{}", seconds);
    place().prepend(notice);
  }

  async function refused(response) {
    const problem = await response.clone().json().catch(() => null);
    const isFull = response.status === 503; // of Gradio's own queue, whose answer has no code
    tell(problem?.code ?? (isFull ? "busy" : ""), response.headers.get("retry-after") ?? "");
  }

  /* Gradio takes nothing any more on a page that has lost the server: it is loaded anew once that answers again, and what was
     asked is asked then. */
  async function lost() {
    if (isLost) return;
    isLost = true;
    tell("lost");
    document.dispatchEvent(new CustomEvent("advisor:lost"));
    do await new Promise((done) => setTimeout(done, PAUSE));
    while (!(await send("../api/health").catch(() => null))?.ok);
    location.reload();
  }

  async function join(given) {
    try {
      const response = await send(...given);
      if (response.ok) notice.remove();
      else await refused(response);
      return response;
    } catch (error) {
      lost();
      throw error;
    }
  }

  /* Read beside Gradio, which keeps to itself that a stream broke off. The page itself ends it by aborting. */
  async function stream(given) {
    const response = await send(...given).catch((error) => {
      if (error.name !== "AbortError" && !isLeaving) lost();
      throw error;
    });
    if (!response.body) return response;
    const [ours, theirs] = response.body.tee();
    ours.pipeTo(new WritableStream()).catch((error) => error.name !== "AbortError" && !isLeaving && lost());
    return new Response(theirs, response);
  }

  window.addEventListener("pagehide", () => (isLeaving = true));
  window.fetch = (...given) => {
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
  document.addEventListener("advisor:sending", () => notice.remove());
})();

/* The original of a document beside the text that was read from it, or in its place on a narrow screen: the pages of a PDF, in
   step with the text; a Word file in a frame in which nothing runs. */
(() => {
  "use strict";

  const ON = "beside";
  const STEP_AFTER = 120; // milliseconds after the text has come to rest
  const SETTLING = 800; // milliseconds
  const WORD_STYLE =
    "<style>body{margin:20px;font:16px/1.6 system-ui,sans-serif;color:#111;background:#fff;overflow-wrap:anywhere}" +
    "img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:4px 8px;border:1px solid #bbb}</style>";

  const readerOf = (element) => element.closest("[data-reader]");
  const originalOf = (reader) => reader.querySelector(".original");
  const articleOf = (reader) => reader.querySelector("article");
  const headOf = (reader) => articleOf(reader).querySelector("header[data-look]");
  const put = (template, ...values) => values.reduce((text, value) => text.replace("{}", () => value), template);
  let shown = 0; // the page
  let resting = 0;
  let settled = 0; // until this moment the text follows the page, not the page the text

  function address(reader, page) {
    const { name, made } = articleOf(reader).dataset;
    return `../page/originals/${name.split("/").map(encodeURIComponent).join("/")}?${new URLSearchParams({ page, made })}`;
  }

  const sheetOf = (reader) => originalOf(reader).querySelector(".sheet");
  const sayGone = (reader) => (sheetOf(reader).textContent = originalOf(reader).dataset.gone);

  function showPage(reader, wanted) {
    settled = performance.now() + SETTLING;
    const original = originalOf(reader);
    const pages = Number(headOf(reader).dataset.pages);
    shown = Math.max(1, Math.min(wanted, pages));
    const picture = new Image();
    picture.alt = put(original.dataset.look, shown);
    picture.addEventListener("error", () => sayGone(reader));
    picture.src = address(reader, shown);
    original.querySelector("output").textContent = put(original.dataset.pageOf, shown, pages);
    for (const button of original.querySelectorAll(".turn")) {
      button.disabled = shown + Number(button.dataset.turn) < 1 || shown + Number(button.dataset.turn) > pages;
    }
    const before = sheetOf(reader).querySelector("img");
    const isNear = before && before.dataset.name === articleOf(reader).dataset.name;
    picture.dataset.name = articleOf(reader).dataset.name;
    if (!isNear) return sheetOf(reader).replaceChildren(picture);
    // The page before stays until the next one is drawn: nothing jumps.
    const number = shown;
    picture.addEventListener("load", () => number === shown && sheetOf(reader).replaceChildren(picture));
  }

  async function showWord(reader) {
    const { name } = articleOf(reader).dataset;
    const response = await fetch(address(reader, 1)).catch(() => null);
    if (name !== articleOf(reader).dataset.name) return;
    if (!response?.ok) return sayGone(reader);
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.title = originalOf(reader).getAttribute("aria-label");
    frame.srcdoc = WORD_STYLE + (await response.text());
    sheetOf(reader).replaceChildren(frame);
  }

  function show(reader, page) {
    const isPaged = headOf(reader).dataset.look === "PDF";
    originalOf(reader).querySelector(".turns").hidden = !isPaged;
    if (isPaged) showPage(reader, page);
    else showWord(reader);
  }

  function turnOn(reader, isOn) {
    reader.classList.toggle(ON, isOn);
    originalOf(reader).hidden = !isOn;
    reader.querySelector(".tools .beside").setAttribute("aria-pressed", String(isOn));
    if (!isOn) sheetOf(reader).replaceChildren();
  }

  document.addEventListener("advisor:document", ({ target: article }) => {
    const reader = readerOf(article);
    const head = headOf(reader);
    reader.querySelector(".tools .beside").hidden = !head;
    if (!head) turnOn(reader, false);
    else if (reader.classList.contains(ON)) show(reader, Number(head.dataset.page));
  });

  /* The page that is being read: looked for at the top of the view when the text begins, at its foot when the text ends. */
  const boxOf = (reader) => (reader.id === "document" ? reader.closest("#side") : reader);
  const signs = (reader) => [...articleOf(reader).querySelectorAll(".page[data-page]")];

  function pageInView(reader) {
    const box = boxOf(reader);
    const view = box.getBoundingClientRect();
    const part = box.scrollTop / Math.max(1, box.scrollHeight - box.clientHeight);
    const place = view.top + 180 + (view.height - 180) * part;
    const above = signs(reader).findLast((sign) => sign.getBoundingClientRect().top < place);
    return Number(above?.dataset.page ?? 1);
  }

  document.addEventListener(
    "scroll",
    ({ target }) => {
      const reader = target.querySelector?.(`[data-reader].${ON}`) ?? (target.matches?.(`.${ON}`) ? target : null);
      if (!reader || boxOf(reader) !== target || performance.now() < settled || headOf(reader)?.dataset.look !== "PDF") return;
      clearTimeout(resting);
      resting = setTimeout(() => pageInView(reader) !== shown && showPage(reader, pageInView(reader)), STEP_AFTER);
    },
    { capture: true, passive: true },
  );

  function turn(button) {
    const reader = readerOf(button);
    showPage(reader, shown + Number(button.dataset.turn));
    const sign = signs(reader).find((one) => Number(one.dataset.page) === shown);
    const box = boxOf(reader);
    box.scrollTop = sign ? box.scrollTop + sign.getBoundingClientRect().top - box.getBoundingClientRect().top - 140 : 0;
  }

  function toggle(button) {
    const reader = readerOf(button);
    const isOn = !reader.classList.contains(ON);
    const cited = articleOf(reader).querySelector("mark");
    const page = cited ? Number(headOf(reader).dataset.page) : pageInView(reader);
    turnOn(reader, isOn);
    if (isOn) show(reader, page);
    // The columns have moved: the cited lines are looked for again.
    if (cited) boxOf(reader).scrollTop += cited.getBoundingClientRect().top - boxOf(reader).getBoundingClientRect().top - 180;
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.(".tools .beside, .original .turn");
    if (button) button.matches(".turn") ? turn(button) : toggle(button);
  });
})();

/* What can be done with a document that is read, beside an answer or in the Sources tab: find in it, go to a section, copy a
   quote with its source, ask about a passage, print. */
(() => {
  "use strict";

  const { closePane, compose, narrow, page, toClipboard } = window.advisor;
  const HEADINGS = ":is(h2, h3, h4, h5, h6):not(header *)";
  const BLOCKS = "p, li, h2, h3, h4, h5, h6, td, th, pre, blockquote, summary";
  const NO_LETTER = "\u0000"; // between two blocks: nothing that is looked for goes over it
  const MOST = 2000; // matches
  const SHOWN = 60; // characters of what was copied

  const readerOf = (element) => element.closest("[data-reader]");
  const toolsOf = (reader) => reader.querySelector(".tools");
  const articleOf = (reader) => reader.querySelector("article");
  const headings = (article) => [...article.querySelectorAll(HEADINGS)];
  const put = (template, ...values) => values.reduce((text, value) => text.replace("{}", () => value), template);

  /* What scrolls around an element. Not scrollIntoView: it would scroll the frame of the page as well. */
  function reveal(place, element, share) {
    let box = element.parentElement;
    while (box && !(box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY))) box = box.parentElement;
    if (!box) return;
    const tools = toolsOf(readerOf(element)); // they stay at the top while the document scrolls
    const above = tools.offsetHeight + parseFloat(getComputedStyle(tools).top);
    const wanted = above + (box.clientHeight - above) * share;
    box.scrollTop += place.getBoundingClientRect().top - box.getBoundingClientRect().top - wanted;
  }

  /* A new document */
  document.addEventListener("advisor:document", ({ target: article }) => {
    const tools = toolsOf(readerOf(article));
    tools.hidden = !article.dataset.name;
    tools.querySelector(".find input").value = "";
    tools.querySelector(".said").textContent = "";
    clearMatches(tools);
    const sections = headings(article);
    const top = Math.min(...sections.map((heading) => Number(heading.tagName[1])));
    const buttons = sections.map((heading, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      button.lang = article.lang;
      button.dataset.section = number;
      button.dataset.depth = Number(heading.tagName[1]) - top;
      return button;
    });
    tools.querySelector(".outline").hidden = !buttons.length;
    tools.querySelector(".outline").open = false;
    tools.querySelector(".choices").replaceChildren(...buttons);
  });

  function goTo(button) {
    const article = articleOf(readerOf(button));
    const heading = headings(article)[Number(button.dataset.section)];
    button.closest("details").open = false;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    reveal(heading, article, 0.02);
  }

  /* Find. Letters are compared without case and accents; each stays one letter, so that places stay the same. */
  let matches = [];
  let at = -1;

  const plain = (letter) => (/\s/.test(letter) ? " " : letter === "’" ? "'" : letter.normalize("NFD")[0].toLowerCase()[0]);
  const folded = (text) => Array.from({ length: text.length }, (_, n) => plain(text[n])).join("");

  function textOf(article) {
    const pieces = [];
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    let text = "";
    let block = null;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement.closest("details:not([open])")) continue;
      const own = node.parentElement.closest(BLOCKS);
      if (own !== block) text += NO_LETTER;
      block = own;
      pieces.push({ node, start: text.length });
      text += folded(node.data);
    }
    return { pieces, text };
  }

  function rangeOf(pieces, start, end) {
    const range = document.createRange();
    const holding = (place) => pieces.findLast((piece) => piece.start <= place);
    const [first, last] = [holding(start), holding(end - 1)];
    range.setStart(first.node, start - first.start);
    range.setEnd(last.node, end - last.start);
    return range;
  }

  function find(input) {
    const article = articleOf(readerOf(input));
    const tools = toolsOf(readerOf(input));
    const wanted = folded(input.value).trim();
    clearMatches(tools);
    if (!wanted) return;
    const { pieces, text } = textOf(article);
    for (let place = text.indexOf(wanted); place >= 0 && matches.length < MOST; place = text.indexOf(wanted, place + wanted.length)) {
      matches.push(rangeOf(pieces, place, place + wanted.length));
    }
    tools.querySelector(".matches").hidden = !matches.length;
    if (matches.length) show(article, 0);
    else tools.querySelector(".found").textContent = tools.dataset.none;
  }

  function show(article, number) {
    at = (number + matches.length) % matches.length;
    const tools = toolsOf(readerOf(article));
    tools.querySelector(".found").textContent = put(tools.dataset.matches, at + 1, matches.length);
    if (globalThis.Highlight) {
      CSS.highlights.set("found", new Highlight(...matches));
      CSS.highlights.set("found-now", new Highlight(matches[at]));
    }
    reveal(matches[at], article, 0.3);
  }

  function clearMatches(tools) {
    matches = [];
    at = -1;
    globalThis.CSS?.highlights?.clear();
    tools.querySelector(".found").textContent = "";
    tools.querySelector(".matches").hidden = true;
  }

  const step = (button) => show(articleOf(readerOf(button)), at + Number(button.dataset.step));

  document.addEventListener("input", (event) => event.target.matches?.(".tools .find input") && find(event.target));

  /* Enter goes on, with Shift back; Escape empties the field first, and leaves the document only then. */
  document.addEventListener(
    "keydown",
    (event) => {
      if (!event.target.matches?.(".tools .find input")) return;
      if (event.key === "Enter" && matches.length) {
        event.preventDefault();
        show(articleOf(readerOf(event.target)), at + (event.shiftKey ? -1 : 1));
      } else if (event.key === "Escape" && event.target.value) {
        event.preventDefault();
        event.stopPropagation();
        event.target.value = "";
        find(event.target);
      }
    },
    true,
  );

  /* The passage meant: what is selected, else what is marked, else the section at the top of the view. */
  function passage(article) {
    const selection = getSelection();
    if (!selection.isCollapsed && article.contains(selection.anchorNode) && article.contains(selection.focusNode)) {
      return { text: selection.toString().trim(), section: sectionOf(article, selection.getRangeAt(0).startContainer) };
    }
    const marks = [...article.querySelectorAll("mark")];
    if (marks.length) {
      const text = marks.map((mark) => mark.textContent.trim()).join(" ");
      return { text, section: sectionOf(article, marks[0]) };
    }
    const top = toolsOf(readerOf(article)).getBoundingClientRect().bottom;
    const blocks = [...article.querySelectorAll(BLOCKS)].filter((block) => !block.closest("header"));
    const first = blocks.find((block) => block.getBoundingClientRect().bottom > top + 8) ?? blocks[0];
    if (!first) return { text: article.textContent.trim(), section: null };
    const section = sectionOf(article, first);
    const within = blocks.filter((block) => !block.matches(HEADINGS) && sectionOf(article, block) === section);
    const outermost = within.filter((block) => !block.parentElement.closest(BLOCKS));
    return { text: outermost.map((block) => block.textContent.trim()).join("\n"), section };
  }

  function sectionOf(article, node) {
    const isBefore = (heading) =>
      heading.contains(node) || Boolean(heading.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);
    return headings(article).findLast(isBefore) ?? null;
  }

  async function copyQuote(button) {
    const article = articleOf(readerOf(button));
    const tools = toolsOf(readerOf(button));
    const { name, title, made } = article.dataset;
    const { text, section } = passage(article);
    const query = new URLSearchParams({ document: name, generation: made });
    const address = new URL(`../${page.lang}/?${query}`, document.baseURI).href;
    const source = [title, section?.textContent].filter(Boolean).join(" › ");
    await toClipboard(`${put(tools.dataset.quote, text)}\n— ${source}, ${name}\n${address}\n`);
    const beginning = text.length > SHOWN ? `${text.slice(0, SHOWN).trimEnd()}…` : text;
    tools.querySelector(".said").textContent = put(tools.dataset.copied, put(tools.dataset.quote, beginning));
  }

  async function askAbout(button) {
    const article = articleOf(readerOf(button));
    const { section } = passage(article);
    const { title } = article.dataset;
    const about = section ? section.textContent : title;
    const question = put(toolsOf(readerOf(button)).dataset.ask, title, about);
    if (button.closest("#library")) {
      window.advisor.go({ tab: "" });
      await window.advisor.showTab("chat");
    } else if (narrow.matches) {
      closePane();
    }
    compose(question);
  }

  function print(button) {
    const reader = readerOf(button);
    reader.classList.add("printed");
    page.classList.add("print-reader");
    window.print();
    reader.classList.remove("printed");
    page.classList.remove("print-reader");
  }

  const actions = {
    ".outline [data-section]": goTo,
    ".match": step,
    ".copy-quote": copyQuote,
    ".ask-about": askAbout,
    ".print": print,
  };

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".tools")) return;
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest(selector);
      if (target) return act(target);
    }
  });

  /* What is selected stays so while a tool is pressed. */
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.(".tools .with > button")) event.preventDefault();
  });
})();

/* The table of the Corpus tab: searched, kept to one state, sorted, and a file deleted from its row once that was confirmed. */
(() => {
  "use strict";

  const { byId } = window.advisor;
  const table = () => byId("corpus-documents");
  const put = (template, ...values) => values.reduce((text, value) => text.replace("{}", () => value), template);
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function sift() {
    const form = table().querySelector("form.sift");
    const [wanted, state] = [plain(form.querySelector("input").value.trim()), form.querySelector("select").value];
    const rows = [...table().querySelectorAll("tbody tr")];
    for (const row of rows) row.hidden = Boolean(state && row.dataset.state !== state) || !plain(row.textContent).includes(wanted);
    const said = form.querySelector("[role=status]");
    said.textContent = wanted || state ? put(said.dataset.count, rows.filter((row) => !row.hidden).length, rows.length) : "";
  }

  function sort(button) {
    const head = button.closest("th");
    const at = [...head.parentElement.children].indexOf(head);
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    const key = (row) => row.cells[at].querySelector("[data-sort]")?.dataset.sort ?? row.cells[at].textContent.trim();
    const order = (one, other) => key(one).localeCompare(key(other), undefined, { numeric: true }) * (isUp ? 1 : -1);
    const body = table().querySelector("tbody");
    body.append(...[...body.rows].sort(order));
    for (const other of head.parentElement.children) other.hasAttribute("aria-sort") && other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  }

  /* The question stands where the button was. */
  function askToDelete(button) {
    const { document: name, really, yes, no } = button.dataset;
    const box = document.createElement("span");
    box.className = "confirm-delete";
    box.setAttribute("role", "group");
    const question = document.createElement("span");
    question.textContent = really;
    const [confirm, cancel] = [yes, no].map((words) => Object.assign(document.createElement("button"), { type: "button", textContent: words }));
    confirm.className = "yes";
    confirm.addEventListener("click", () => remove(name));
    cancel.addEventListener("click", () => {
      box.replaceWith(button);
      button.focus();
    });
    box.append(question, confirm, cancel);
    button.replaceWith(box);
    cancel.focus();
  }

  function remove(name) {
    const field = byId("corpus-chosen").querySelector("textarea, input");
    field.value = name;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => byId("corpus-delete").click()));
  }

  const actions = {
    "#corpus-documents .sort": sort,
    "#corpus-documents .delete-file": askToDelete,
    "#corpus-outcome .index-now": () => byId("corpus-reindex").click(),
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(actions)) {
      const target = event.target.closest?.(selector);
      if (target) return act(target);
    }
  });
  document.addEventListener("input", (event) => event.target.closest?.("#corpus-documents .sift") && sift());
  document.addEventListener("submit", (event) => event.target.closest?.("#corpus-documents .sift") && event.preventDefault());
})();

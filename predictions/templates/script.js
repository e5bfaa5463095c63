// The page is whole without this; it offers another order of the matrix.
for (const choice of document.querySelectorAll("select[data-table]")) {
  const table = document.getElementById(choice.dataset.table);
  const groups = [...table.querySelectorAll("tbody[data-group]")];
  const rows = groups.map(group => [...group.querySelectorAll("tr[data-rank]")]);
  const ranked = table.appendChild(document.createElement("tbody"));
  choice.closest("p").hidden = false;
  choice.addEventListener("change", () => {
    const byRank = choice.value === "rank";
    groups.forEach((group, i) => { group.hidden = byRank; group.append(...rows[i]); });
    if (byRank) ranked.append(...rows.flat().sort((a, b) => b.dataset.rank - a.dataset.rank));
  });
}

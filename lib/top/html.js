// The page's script: tables that sort, and the numbers under the pointer. All is there to
// be read without it.
(function () {
    "use strict";

    // The exact number of a cell; its text; null for what isn't known.
    function valueOf(cell) {
        const data = cell.querySelector("data"), text = cell.textContent.trim();

        return data ? Number(data.getAttribute("value")) : text === "-" ? null : text;
    }

    // What isn't known stays below, whichever way round.
    function compare(a, b, sign) {
        if (a === null || b === null) {
            return (a === null) - (b === null);
        }
        if (typeof a === "number" && typeof b === "number") {
            return sign * (a - b);
        }
        return sign * String(a).localeCompare(String(b));
    }

    // On paper as many rows as before, but the first of the new order.
    function choosePaper(table, name, rows) {
        const note = table.closest("details")?.querySelector(".paper span");
        const count = table.tBodies[0].querySelectorAll("tr:not(.rest)").length;

        if (note) {
            note.textContent = "by " + name;
            rows.forEach((pair, i) => pair[1].classList.toggle("rest", i >= count));
        }
    }

    function sort(table, head) {
        const body = table.tBodies[0], column = head.cellIndex;
        const ascending = head.getAttribute("aria-sort") === "descending";
        const rows = Array.from(body.rows, (row) => [valueOf(row.cells[column]), row]);

        rows.sort((a, b) => compare(a[0], b[0], ascending ? 1 : -1));
        for (const other of table.tHead.rows[0].cells) {
            other.removeAttribute("aria-sort");
        }
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        body.append(...rows.map((pair) => pair[1]));
        choosePaper(table, head.textContent, rows);
    }

    for (const table of document.querySelectorAll("table.sorts")) {
        for (const head of table.tHead.rows[0].cells) {
            const button = document.createElement("button");

            if (head.classList.contains("wide")) {
                continue;
            }
            button.type = "button";
            button.append(...head.childNodes);
            head.append(button);
            button.addEventListener("click", () => sort(table, head));
        }
    }

    // All parts but the chart's numbers, which would take pages.
    addEventListener("beforeprint", () => {
        for (const details of document.querySelectorAll("details:not(.numbers)")) {
            details.open = true;
        }
    });

    const plot = document.getElementById("plot");

    if (plot) {
        const numbers = document.getElementById("series");
        const cursor = document.getElementById("cursor");
        const readout = document.getElementById("readout");
        const names = Array.from(numbers.tHead.rows[0].cells, (cell) => cell.textContent);
        const points = Array.from(numbers.tBodies[0].rows, (row) => ({
            x: Number(row.dataset.x),
            text: Array.from(row.cells, (cell, i) => (i ? names[i] + " " : "") + cell.textContent).join(" \u00b7 ")
        }));
        const hint = "Point at the chart, or use the arrow keys on it, for the numbers.";
        let at = points.length - 1;

        const show = (index) => {
            at = Math.max(0, Math.min(points.length - 1, index));
            cursor.setAttribute("d", "M" + points[at].x + " 0V300");
            cursor.classList.add("on");
            readout.textContent = points[at].text;
        };
        const hide = () => {
            cursor.classList.remove("on");
            readout.textContent = hint;
        };

        plot.addEventListener("pointermove", (event) => {
            const box = plot.getBoundingClientRect();
            const x = (event.clientX - box.left) / box.width * 1000;

            show(points.reduce((best, point, i) =>
                Math.abs(points[best].x - x) > Math.abs(point.x - x) ? i : best, 0));
        });
        plot.addEventListener("pointerleave", hide);
        plot.addEventListener("blur", hide);
        plot.addEventListener("keydown", (event) => {
            const step = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length }[event.key];

            if (step) {
                event.preventDefault();
                show(at + step);
            }
        });
        hide();
    }
})();

/* The page of one district and year: renders the embedded data; asks nobody for anything.
 *
 * Every text from data becomes a text node, never markup. Amounts and rates arrive as decimal text and are shown digit
 * by digit; only the charts' coordinates are numbers. Does not belong here: any figure that the data does not carry,
 * and any column's label or meaning (both come with the data).
 */
"use strict";
(() => {
  const { build: BUILD, figures: DATA } = JSON.parse(document.getElementById("data").textContent);
  for (const table of [...Object.values(DATA.tables), ...Object.values(DATA.lines)]) {
    for (const row of table.rows) for (const at of table.texts) if (row[at] !== null) row[at] = DATA.words[row[at]];
  }
  const COLUMNS = DATA.columns;
  const META = DATA.meta;
  const FIRST_ROWS = 30;
  const PRINT_ROWS = 300;
  const COLORS = { ink: "#17212b", soft: "#51606f", line: "#dbe1e7", blue: "#1b5c9e", pale: "#b9cfe4", grey: "#8b98a5",
    green: "#19764f", yellow: "#d9a400", orange: "#d9660a", red: "#b3261e" };
  const LEVELS = ["red", "orange", "yellow"];
  const AMOUNTS = new Set(["amount", "sum"]);
  const NUMBERS = new Set(["amount", "sum", "ratio", "percent", "integer", "finding_value"]);

  const TEXT = {
    title: ["{year}年度预算执行情况", "Budget execution {year}"],
    skip: ["跳到正文", "Skip to content"],
    sections: ["本页内容", "On this page"],
    language: ["语言", "Language"],
    unit: ["金额单位", "Unit of amounts"],
    wan: ["万元", "10k yuan"],
    yuan: ["元", "yuan"],
    unknown: ["未知", "unknown"],
    none: ["无", "none"],
    glance: ["年内概览", "The year so far"],
    glanceWhole: ["全年概览", "The year at a glance"],
    watch: ["项目跟踪：可能无法实施的项目", "Watch: projects that may not be carried out"],
    watchLead: ["{count}个项目可能全部或部分无法实施，全年预算{budget}，建议申请调整{adjust}。", "{count} projects may not be carried out, wholly or in part: budget {budget}, proposed for adjustment {adjust}."],
    watchUnprojected: ["其中{count}个依据不足，不作年末预计。", "For {count} of them there is too little to go by: no projection."],
    watchOver: ["本年度已结束，不再跟踪。", "The year is over: nothing is watched."],
    watchUnseen: ["项目库未填报{columns}，相应情况无法跟踪。", "The project list gives no {columns}: what these would show cannot be seen."],
    watchTested: ["年末预计数依据上年同类项目同一天之后的支用比例；以{year}年6月末检验，误差为预算的{error}，上下限涵盖{coverage}的项目。", "The projection rests on what comparable projects of last year still spent after the same day; tested at the end of June {year}: error {error} of the budget, {coverage} of projects within the bounds."],
    watchTile: ["跟踪项目", "Watched projects"],
    warningsRest: ["列出全部{shown}个应关注的部门和项目；触发规则共{rules}项，全部见发布库“预算执行预警”。", "All {shown} departments and projects worth a look; every one of the {rules} rules passed is in the published database."],
    asOf: ["数据截至 {date}", "Data as of {date}"],
    lead: ["截至{date}，{who}全年预算{budget}，已执行{executed}，预算执行率{rate}{pace}。",
      "As of {date}, {who} had a full-year budget of {budget} and had spent {executed}: an execution rate of {rate}{pace}."],
    whole: ["{count}个部门", "{count} departments"],
    behind: ["，低于序时进度（{progress}）{gap}个百分点", ", {gap} percentage points behind the time progress of {progress}"],
    ahead: ["，高于序时进度（{progress}）{gap}个百分点", ", {gap} percentage points ahead of the time progress of {progress}"],
    partKnown: ["{total}个部门中{known}个有数据", "known for {known} of {total} departments"],
    timeProgress: ["序时进度 {value}", "time progress {value}"],
    held: ["最近一次报送被暂缓发布，本页为此前已接受的第 {version} 版数据。", "The latest delivery is held back; this page shows version {version}, accepted before."],
    warningsTile: ["预警", "Warnings"],
    findingsTile: ["数据问题与未计入行", "Data findings and rows set aside"],
    findingsCount: ["问题 {findings} 项，未计入 {rejected} 行", "{findings} findings, {rejected} rows set aside"],
    departments: ["部门排名", "Departments ranked"],
    rankingChart: ["各部门预算执行率，颜色为预警等级，虚线为序时进度。", "Execution rate by department, coloured by warning level; the dashed line is time progress."],
    rankingCut: ["图中为执行率最低的{shown}个部门，其余见表。", "The chart shows the {shown} lowest departments; the table has all."],
    unranked: ["{count}个部门未参与排名和平均：执行率未知、预算为零或数字不完整。", "{count} departments are left out of ranks and average: no rate is known, there is no budget, or the figure is not complete."],
    months: ["逐月执行进度", "Execution by month"],
    monthsChart: ["每月末累计执行率与序时进度。", "Cumulative execution rate at each month's end against time progress."],
    monthsNone: ["报送的数据不含日期，无法逐月显示。", "The deliveries carry no dates, so there is nothing by month."],
    monthsOne: ["只有一个时点的数据（{date}）：执行率 {rate}，序时进度 {progress}。", "There is one date only ({date}): execution rate {rate}, time progress {progress}."],
    executionRate: ["累计执行率", "Cumulative execution rate"],
    progress: ["序时进度", "Time progress"],
    show: ["查看", "Show"],
    district: ["全区（各部门合计）", "All departments"],
    scatter: ["项目：调整与执行", "Projects: adjustment and execution"],
    scatterChart: ["每点一个项目：横轴预算调整率，纵轴预算执行率，面积为全年预算，横轴取平方根刻度；点击看来源。超出坐标的点画在边上。",
      "One point per project: adjustment rate across, execution rate up, area the full-year budget; the horizontal scale is a square root; click for sources. Points beyond the axes are drawn at the edge."],
    scatterMissing: ["另有{count}个项目没有其中一个比率（{why}），见下表。", "{count} more projects lack one of the two rates ({why}); see the table below."],
    scatterNone: ["没有同时具备两个比率的项目。", "No project has both rates."],
    waterfall: ["预算调整：从年初到全年", "Adjustment: from initial to full-year budget"],
    waterfallChart: ["从年初预算到全年预算，按净调整金额最大的部分分解。", "From initial to full-year budget, by the largest net adjustments."],
    waterfallZoomed: ["横轴不从零开始。", " The axis does not start at zero."],
    waterfallUnknown: ["年初预算或调整金额未知，无法分解。", "The initial budget or its adjustment is unknown, so there is nothing to break down."],
    namedProjects: ["数据齐全的{count}个项目（不等于部门合计）", "The {count} projects with known figures (not the department's total)"],
    others: ["其余{count}项", "{count} others"],
    projects: ["项目执行", "Projects"],
    breakdown: ["资金性质与支出性质", "By fund type and by nature"],
    warnings: ["预警", "Warnings"],
    findings: ["数据问题", "Data findings"],
    more: ["更多表格", "More tables"],
    notes: ["指标说明", "How each figure is computed"],
    files: ["来源文件", "Source files"],
    search: ["查找", "Search"],
    shown: ["{shown}/{total} 行", "{shown} of {total} rows"],
    previous: ["上一页", "Previous"],
    next: ["下一页", "Next"],
    paging: ["翻页：{name}", "Pages: {name}"],
    part: ["第 {from}–{to} 行，共 {total} 行", "rows {from}–{to} of {total}"],
    details: ["点击名称查看算式与来源行。", "Click a name for formulas and source lines."],
    data: ["图中数据", "The chart's data"],
    close: ["关闭", "Close"],
    figures: ["指标与算式", "Figures and formulas"],
    lines: ["来源行", "Source lines"],
    linesCut: ["本页载有{shown}行，共{total}行，全部可在系统中查询。", "This page carries {shown} lines; district-finance explain lists all {total}."],
    rowsCut: ["本页载有前{shown}行，共{total}行；全部见发布库。", "This page carries the first {shown} of {total} rows; the published database has all."],
    linesNone: ["没有直接对应的来源行。", "No source line of its own."],
    place: ["来源", "Source"],
    sheetLine: ["{sheet} 第{line}行", "{sheet} line {line}"],
    empty: ["没有内容。", "Nothing here."],
    built: ["发布批次 {id}，系统版本 {version}，完成于 {time}（世界时）。", "Build {id}, program {version}, finished {time} UTC."],
    library: ["图表组件：Chart.js。", "Charts: Chart.js (MIT licence)."],
  };

  let language = 0;
  let unit = "wan";
  const charts = [];

  const t = (key, values = {}) => TEXT[key][language].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const label = (name) => {
    const column = COLUMNS[name];
    return column ? (language ? column.en : column.zh) : name;
  };

  /* Elements ---------------------------------------------------------------------------------------------------- */
  function el(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  function gauge(percent, color, mark) {
    const space = "http://www.w3.org/2000/svg";
    const image = document.createElementNS(space, "svg");
    image.setAttribute("aria-hidden", "true");
    const rectangle = (attributes) => {
      const node = document.createElementNS(space, "rect");
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      image.append(node);
    };
    rectangle({ width: `${Math.max(0, Math.min(100, percent))}%`, height: "100%", fill: color });
    if (mark !== null) rectangle({ x: `${Math.min(99.4, mark)}%`, width: "3", height: "100%", fill: COLORS.ink });
    return image;
  }

  /* Values ------------------------------------------------------------------------------------------------------ */
  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

  /* Cents to hundredths of 万元 in whole numbers, halves away from zero: no float takes part. */
  function inTenThousands(text) {
    const negative = text.startsWith("-");
    const cents = BigInt(text.replace(/[-.]/g, ""));
    const digits = String((cents + 5000n) / 10000n).padStart(3, "0");
    const shown = `${digits.slice(0, -2)}.${digits.slice(-2)}`;
    return negative && /[1-9]/.test(shown) ? `-${shown}` : shown;
  }

  function decimal(text) {
    const [whole, fraction] = text.replace("-", "").split(".");
    return `${text.startsWith("-") ? "-" : ""}${grouped(whole)}${fraction === undefined ? "" : `.${fraction}`}`;
  }

  function asPercent(ratio) {
    const negative = ratio.startsWith("-");
    const millionths = BigInt(ratio.replace(/[-.]/g, ""));
    const digits = String((millionths + 50n) / 100n).padStart(3, "0");
    return `${negative ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}%`;
  }

  function show(name, value, inUnit = unit) {
    const column = COLUMNS[name] || {};
    if (value === null || value === undefined) return null;
    if (column.values && column.values[value] !== undefined) return language ? words(value) : column.values[value];
    if (AMOUNTS.has(column.kind)) return decimal(inUnit === "wan" ? inTenThousands(value) : value);
    if (column.kind === "percent") {
      return column.unit === undefined || column.unit === "percent" ? `${decimal(value)}%` : decimal(value);
    }
    if (column.kind === "ratio") return asPercent(value);
    if (column.kind === "finding_value") return decimal(value.includes(".") ? value.replace(/\.?0+$/, "") : value);
    if (column.kind === "integer") return column.unit === "count" ? grouped(String(value)) : String(value);
    if (typeof value === "boolean") return value ? (language ? "yes" : "是") : language ? "no" : "否";
    return String(value);
  }

  /* The amounts of a sentence in the unit of the page; sentences are written in yuan. */
  const inUnit = (text) => (text && unit === "wan" && !language
    ? text.replace(/(-?[\d,]+\.\d\d)元/g, (_, value) => `${decimal(inTenThousands(value.replace(/,/g, "")))}${t("wan")}`) : text);
  const evidenceColumn = () => ({ name: localised("evidence"), wide: true, text: (row) => inUnit(row[localised("evidence")]) });
  const bracketed = (text, inside) => (language ? `${text} (${inside})` : `${text}（${inside}）`);
  const words = (code) => code.replace(/_/g, " ");
  const amount = (value) => `${show("full_year_budget_amount", value)} ${t(unit)}`;
  const amountNode = (value) => el("span", { class: "short" }, show("full_year_budget_amount", value), " ", el("span", { class: "unit" }, t(unit)));
  const levelBadge = (level) => el("span", { class: `level ${level}` }, show("warning_level", level));

  /* Tables as records ------------------------------------------------------------------------------------------- */
  const records = {};
  for (const [name, table] of Object.entries(DATA.tables)) {
    records[name] = table.rows.map((row) => Object.fromEntries(table.columns.map((column, at) => [column, row[at]])));
  }
  const departmentKey = (row) => row.department_code || row.department_name;
  const projectKey = (row) => {
    const own = row.project_code || row.project_name;
    return own ? JSON.stringify([departmentKey(row), own]) : null;
  };
  const departmentTitle = (row) => row.department_name || row.department_code || t("unknown");
  const projectTitle = (row) => row.project_name || row.project_code || departmentTitle(row);
  const files = new Map(records.source_file.map((file) => [file.source_file_id, file.source_path]));
  const place = (row) => {
    const path = files.get(row.source_file_id) || row.source_file_id;
    return path && `${path} · ${t("sheetLine", { sheet: row.source_sheet || "", line: row.source_line }).trim()}`;
  };
  const tableTitle = (name) => (language ? DATA.tables[name].en : DATA.tables[name].zh);
  function cutNote(name) {
    const { rows, total } = DATA.tables[name];
    return total > rows.length ? el("p", { class: "soft small" }, t("rowsCut", { shown: rows.length, total })) : null;
  }
  const tableMeaning = (name) => (language ? DATA.tables[name].meaning : DATA.tables[name].meaning_zh);

  /* A sortable, searchable table. Columns are names, or objects with name, text, cell, head, minor, title. */
  function table({ caption, columns, rows, searchable = true, first = FIRST_ROWS, inUnit = unit }) {
    const shownColumns = columns
      .map((column) => (typeof column === "string" ? { name: column } : column))
      .map((column) => ({ kind: (COLUMNS[column.name] || {}).kind, ...column }));
    const text = (row, column) => (column.text ? column.text(row) : show(column.name, row[column.name], inUnit));
    const collator = new Intl.Collator(language ? "en" : "zh-CN", { numeric: true });
    let sorted = null;
    let direction = 1;
    let start = 0;
    let query = "";

    const body = el("tbody");
    const status = el("span", { class: "soft small", role: "status" });
    const turn = (by) => () => { start += by * first; fill(); };
    const previous = el("button", { type: "button", onclick: turn(-1) }, t("previous"));
    const next = el("button", { type: "button", onclick: turn(1) }, t("next"));
    const part = el("span", { class: "soft small", role: "status" });
    const pager = el("nav", { class: "pager", "aria-label": t("paging", { name: caption }) }, previous, part, next);
    const heads = shownColumns.map((column) => {
      const title = column.title || label(column.name);
      const scaled = AMOUNTS.has(column.kind) ? bracketed(title, t(inUnit)) : title;
      const button = el("button", { type: "button", title: meaning(column.name) }, scaled);
      const head = el("th", { scope: "col", class: className(column), "aria-sort": "none" }, button);
      button.addEventListener("click", () => {
        direction = sorted === column ? -direction : NUMBERS.has(column.kind) ? -1 : 1;
        sorted = column;
        start = 0;
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        fill();
      });
      return head;
    });

    function compare(left, right) {
      const [a, b] = [left, right].map((row) => (sorted.rank ? sorted.rank(row) : row[sorted.name] ?? (sorted.text ? sorted.text(row) : null)));
      if (a === null || b === null) return (a === null) - (b === null);
      const order = NUMBERS.has(sorted.kind) ? Number(a) - Number(b) : collator.compare(String(a), String(b));
      return direction * order;
    }

    /* Rows from `start` on, or for print the first ones. */
    function fill(from = start, atMost = first) {
      const wanted = query.toLowerCase();
      let found = rows;
      if (wanted) {
        found = rows.filter((row) => shownColumns.some((column) => String(text(row, column) ?? "").toLowerCase().includes(wanted)));
      }
      if (sorted) found = [...found].sort(compare);
      const shown = found.slice(from, from + atMost);
      body.replaceChildren(...shown.map((row) => el("tr", {}, ...shownColumns.map((column) => cell(row, column)))));
      if (!shown.length) body.append(el("tr", {}, el("td", { colspan: shownColumns.length, class: "soft" }, t("empty"))));
      status.textContent = t("shown", { shown: found.length, total: rows.length });
      part.textContent = t("part", { from: from + 1, to: from + shown.length, total: found.length });
      pager.hidden = found.length <= first;
      previous.disabled = from === 0;
      next.disabled = from + first >= found.length;
    }

    function cell(row, column) {
      const content = column.cell ? column.cell(row) : text(row, column);
      const properties = { class: className(column) };
      if (column.head) properties.scope = "row";
      const node = el(column.head ? "th" : "td", properties);
      if (content === null || content === undefined || content === "") {
        if (NUMBERS.has(column.kind)) node.append(el("span", { class: "unknown" }, whyNone(row, column)));
      } else node.append(content);
      return node;
    }

    fill();
    const tools = el("div", { class: "tools" });
    if (searchable && rows.length > 5) {
      tools.append(el("label", {}, t("search"), el("input", { type: "search", oninput: (event) => { query = event.target.value.trim(); start = 0; fill(); } })));
      tools.append(status);
    }
    const box = el("div", {}, tools,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
        el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...heads)), body)),
      pager);
    box.expand = () => fill(0, PRINT_ROWS);
    box.collapse = () => fill();
    printed.push(box);
    return box;
  }

  /* Why a number is not there: a rate has its status, an amount is unknown, anything else does not apply. */
  function whyNone(row, column) {
    if (column.name.includes("adjustment_rate") && row.adjustment_status && row.adjustment_status !== "ok") return show("adjustment_status", row.adjustment_status);
    if (column.name.includes("execution_rate") && row.execution_status && row.execution_status !== "ok") return show("execution_status", row.execution_status);
    return AMOUNTS.has(column.kind) ? t("unknown") : "–";
  }

  const printed = [];
  function className(column) {
    const classes = [];
    if (NUMBERS.has(column.kind)) classes.push("number");
    else if (column.wide) classes.push("wide");
    else if (column.short || ["date", "code"].includes(column.kind)) classes.push("short");
    else classes.push("text");
    if (column.minor) classes.push("minor");
    return classes.join(" ");
  }
  function meaning(name) {
    const column = COLUMNS[name];
    return column ? (language ? column.meaning : column.meaning_zh) : null;
  }

  const named = (title, open) => (row) => el("button", { type: "button", class: "link", onclick: () => open(row) }, title(row));
  const localised = (name) => (language ? name : `${name}_zh`);
  const minor = (...names) => names.map((name) => ({ name, minor: true }));
  const signed = (name) => ({
    name,
    cell: (row) => row[name] === null ? null : el("span", { class: row[name].startsWith("-") ? "behind" : "" }, show(name, row[name])),
  });
  const rateWithGauge = (row) => {
    if (row.execution_rate_pct === null) return el("span", { class: "unknown" }, show("execution_status", row.execution_status));
    const holder = el("span", { class: "gauge" });
    holder.append(gauge(Number(row.execution_rate_pct), LEVELS.includes(row.warning_level) ? COLORS[row.warning_level] : COLORS.blue, null));
    return el("span", {}, show("execution_rate_pct", row.execution_rate_pct), holder);
  };
  const level = {
    name: "warning_level",
    rank: (row) => { const at = LEVELS.indexOf(row.warning_level); return at < 0 ? null : String(at); },
    cell: (row) => row.warning_level && levelBadge(row.warning_level),
  };
  const departmentColumn = { name: "department_name", head: true, text: departmentTitle, cell: named(departmentTitle, openDepartment) };
  const projectColumn = { name: "project_name", head: true, text: projectTitle, cell: named(projectTitle, openProject) };

  /* Charts ------------------------------------------------------------------------------------------------------ */
  function chart(height, caption, config, tableOf) {
    const canvas = el("canvas", { role: "img", "aria-label": caption });
    const holder = el("div", { class: "canvas" }, canvas);
    holder.style.height = `${height}px`;
    const data = el("details", { class: "data small" }, el("summary", {}, t("data")));
    data.addEventListener("toggle", () => { if (data.open && data.children.length === 1) data.append(tableOf()); });
    const figure = el("figure", {}, holder, el("figcaption", {}, caption), data);
    pending.push(() => {
      const made = new Chart(canvas, config);
      charts.push(made);
      canvas.chart = made;
    });
    return figure;
  }
  let pending = [];

  const axis = (title, more = {}) => ({
    title: { display: Boolean(title), text: title, color: COLORS.soft }, grid: { color: "#e9edf1" },
    ticks: { color: COLORS.soft, ...(more.ticks || {}) }, ...Object.fromEntries(Object.entries(more).filter(([name]) => name !== "ticks")),
  });
  const percentTicks = { callback: (value) => `${value}%` };
  const short = (text, length = 14) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

  /* A dashed line at a value of one axis, with its label. */
  const yardstick = (axisName, value, text) => ({
    id: `yardstick-${axisName}`,
    afterDatasetsDraw(made) {
      if (value === null) return;
      const { ctx, chartArea, scales } = made;
      const at = scales[axisName].getPixelForValue(value);
      ctx.save();
      ctx.strokeStyle = COLORS.ink;
      ctx.setLineDash([5, 4]);
      ctx.beginPath();
      if (axisName === "x") { ctx.moveTo(at, chartArea.top); ctx.lineTo(at, chartArea.bottom); }
      else { ctx.moveTo(chartArea.left, at); ctx.lineTo(chartArea.right, at); }
      ctx.stroke();
      ctx.fillStyle = COLORS.ink;
      ctx.font = `12px ${Chart.defaults.font.family}`;
      if (axisName === "x") {
        ctx.textAlign = at > chartArea.right - 110 ? "right" : "center";
        ctx.fillText(text, Math.min(at, chartArea.right), chartArea.top - 5);
      } else ctx.fillText(text, chartArea.left + 6, at - 5);
      ctx.restore();
    },
  });

  function rankingChart() {
    const rated = records.department.filter((row) => row.execution_rate_pct !== null);
    const cut = rated.length > 40 ? rated.slice(-40) : rated;
    if (cut.length < 2) return null;
    const progress = DATA.totals.time_progress_pct;
    const ends = cut.map((row) => Number(row.execution_rate_pct));
    const caption = t("rankingChart") + (cut.length < rated.length ? t("rankingCut", { shown: cut.length }) : "");
    return chart(cut.length * 25 + 70, caption, {
      type: "bar",
      data: {
        labels: cut.map((row) => short(departmentTitle(row), window.innerWidth < 720 ? 8 : 18)),
        datasets: [{ label: label("execution_rate_pct"), data: ends, barPercentage: 0.78,
          backgroundColor: cut.map((row) => (row.warning_level ? COLORS[row.warning_level] : COLORS.blue)) }],
      },
      options: {
        indexAxis: "y", layout: { padding: { top: 14 } },
        onClick: (_, hits) => hits.length && openDepartment(cut[hits[0].index]),
        scales: { x: axis("", { min: 0, suggestedMax: 100, ticks: percentTicks }), y: axis("", { grid: { display: false } }) },
        plugins: { legend: { display: false }, tooltip: { callbacks: {
          title: (items) => departmentTitle(cut[items[0].dataIndex]),
          label: (item) => show("execution_rate_pct", cut[item.dataIndex].execution_rate_pct) } } },
      },
      plugins: [yardstick("x", progress === null ? null : Number(progress), t("progress"))],
    }, () => table({ caption, columns: [{ ...departmentColumn, cell: null }, "execution_rate_pct", "warning_level"], rows: cut, searchable: false }));
  }

  function monthsCard() {
    const box = el("div");
    const choices = [{ title: t("district"), rows: records.district_month.map((row) => ({ ...row, execution_rate_pct: row.group_execution_rate_pct })) }];
    const byDepartment = new Map();
    for (const row of records.month) {
      if (!byDepartment.has(departmentKey(row))) byDepartment.set(departmentKey(row), { title: departmentTitle(row), rows: [] });
      byDepartment.get(departmentKey(row)).rows.push(row);
    }
    if (byDepartment.size > 1) choices.push(...byDepartment.values());
    const draw = (choice) => {
      const rows = choice.rows;
      if (!rows.length) return box.replaceChildren(el("p", { class: "soft" }, t("monthsNone")));
      const last = rows[rows.length - 1];
      if (rows.length === 1) {
        return box.replaceChildren(el("p", {}, t("monthsOne", { date: META.as_of || "", rate: show("execution_rate_pct", last.execution_rate_pct) || t("unknown"), progress: show("time_progress_pct", last.time_progress_pct) || t("unknown") })));
      }
      const number = (value) => (value === null ? null : Number(value));
      const caption = `${choice.title}：${t("monthsChart")}`;
      const columns = ["month", "execution_rate_pct", "time_progress_pct"];
      box.replaceChildren(chart(340, caption, {
        type: "line",
        data: {
          labels: rows.map((row) => (language ? String(row.month) : `${row.month}月`)),
          datasets: [
            { label: t("executionRate"), data: rows.map((row) => number(row.execution_rate_pct)), borderColor: COLORS.blue, backgroundColor: COLORS.blue, borderWidth: 3, pointRadius: 3, tension: 0 },
            { label: t("progress"), data: rows.map((row) => number(row.time_progress_pct)), borderColor: COLORS.grey, backgroundColor: COLORS.grey, borderDash: [6, 4], pointRadius: 0, pointStyle: "line", tension: 0 },
          ],
        },
        options: {
          interaction: { mode: "index", intersect: false },
          scales: { y: axis("", { min: 0, suggestedMax: 100, ticks: percentTicks }), x: axis("", { grid: { display: false } }) },
          plugins: { legend: { labels: { usePointStyle: true, boxHeight: 6 } }, tooltip: { callbacks: { label: (item) => {
            const name = item.datasetIndex ? "time_progress_pct" : "execution_rate_pct";
            return `${item.dataset.label} ${show(name, rows[item.dataIndex][name])}`;
          } } } },
        },
      }, () => table({ caption, columns, rows, searchable: false })));
      flush();
      return null;
    };
    draw(choices[0]);
    return card("months", t("months"), chooser(choices, draw), box);
  }

  function chooser(choices, draw) {
    if (choices.length < 2) return null;
    const select = el("select", { onchange: () => draw(choices[Number(select.value)]) },
      ...choices.map((choice, at) => el("option", { value: at }, short(choice.title, 40))));
    return el("div", { class: "tools" }, el("label", {}, t("show"), select));
  }

  const cents = (value) => BigInt(value.replace(".", ""));
  const yuan = (value) => {
    const digits = String(value < 0n ? -value : value).padStart(3, "0");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  };
  const sums = (rows) => Object.fromEntries(["initial_budget_amount", "net_adjustment_amount"].map((name) => [name, yuan(rows.reduce((sum, row) => sum + cents(row[name]), 0n))]));

  function waterfallCard() {
    const box = el("div");
    const whole = DATA.totals;
    const complete = whole.known_initial_budget_amount === whole.department_count && whole.known_net_adjustment_amount === whole.department_count;
    const choices = records.department.filter((row) => row.initial_budget_amount !== null).map((row) => ({
      title: departmentTitle(row), from: row, parts: records.project.filter((project) => departmentKey(project) === departmentKey(row)), name: projectTitle }));
    const named = records.project.filter((row) => row.initial_budget_amount !== null && row.net_adjustment_amount !== null);
    if (!choices.length && named.length) choices.push({ title: t("namedProjects", { count: named.length }), from: sums(named), parts: named, name: projectTitle });
    if (complete && records.department.length > 1) {
      choices.unshift({ title: t("district"), from: whole, parts: records.department, name: departmentTitle });
    }
    const draw = (choice) => {
      const initial = choice && choice.from.initial_budget_amount;
      const net = choice && choice.from.net_adjustment_amount;
      if (!choice || initial === null || net === null) return box.replaceChildren(el("p", { class: "soft" }, t("waterfallUnknown")));
      const size = (value) => (value < 0n ? -value : value);
      const moved = choice.parts.filter((row) => row.net_adjustment_amount !== null && cents(row.net_adjustment_amount) !== 0n)
        .sort((a, b) => (size(cents(b.net_adjustment_amount)) > size(cents(a.net_adjustment_amount)) ? 1 : -1));
      const largest = moved.slice(0, window.innerWidth < 720 ? 5 : 9);
      const steps = largest.map((row) => ({ title: choice.name(row), change: cents(row.net_adjustment_amount) }));
      const rest = cents(net) - steps.reduce((sum, step) => sum + step.change, 0n);
      if (rest !== 0n) steps.push({ title: t("others", { count: Math.max(1, moved.length - largest.length) }), change: rest });
      const rows = [{ title: label("initial_budget_amount"), from: 0n, to: cents(initial) }];
      for (const step of steps) rows.push({ title: step.title, from: rows[rows.length - 1].to, to: rows[rows.length - 1].to + step.change });
      rows.push({ title: label("full_year_budget_amount"), from: 0n, to: cents(initial) + cents(net) });
      const scale = unit === "wan" ? 1e6 : 100;
      const low = rows.reduce((least, row) => (row.to < least ? row.to : least), rows[0].to);
      const high = rows.reduce((most, row) => (row.to > most ? row.to : most), rows[0].to);
      const zoomed = low > 0n && (high - low) * 3n < low;
      const step = zoomed ? 10 ** Math.floor(Math.log10(Number(high - low) / scale)) : 1;
      const start = zoomed ? Math.floor(Number(low - (high - low) / 4n) / scale / step) * step : undefined;
      const isEnd = (at) => at === 0 || at === rows.length - 1;
      const caption = `${choice.title}：${t("waterfallChart")}${zoomed ? t("waterfallZoomed") : ""}`;
      box.replaceChildren(chart(rows.length * 27 + 60, caption, {
        type: "bar",
        data: {
          labels: rows.map((row) => short(row.title, window.innerWidth < 720 ? 8 : 16)),
          datasets: [{ data: rows.map((row) => [Number(row.from) / scale, Number(row.to) / scale]), barPercentage: 0.8, minBarLength: 2,
            backgroundColor: rows.map((row, at) => (isEnd(at) ? COLORS.blue : row.to >= row.from ? COLORS.green : COLORS.orange)) }],
        },
        options: {
          indexAxis: "y",
          scales: { x: axis(t(unit), { min: start, ticks: { maxTicksLimit: 7 } }), y: axis("", { grid: { display: false } }) },
          plugins: { legend: { display: false }, tooltip: { callbacks: { title: (items) => rows[items[0].dataIndex].title, label: (item) => amount(yuan(rows[item.dataIndex].to - rows[item.dataIndex].from)) } } },
        },
      }, () => table({ caption, searchable: false, rows: rows.map((row) => ({ title: row.title, net_adjustment_amount: yuan(row.to - row.from) })),
        columns: [{ name: "title", title: t("show"), head: true }, { name: "net_adjustment_amount", title: label("net_adjustment_amount") }] })));
      flush();
      return null;
    };
    draw(choices[0]);
    return card("waterfall", t("waterfall"), chooser(choices, draw), box);
  }

  function scatterCard() {
    const isRated = (row) => row.net_adjustment_rate_pct !== null && row.execution_rate_pct !== null;
    const rated = records.project.filter(isRated);
    const missing = records.project.filter((row) => !isRated(row));
    const reasons = [...new Set(missing.map((row) => (row.net_adjustment_rate_pct === null && row.adjustment_status !== "unknown" ? show("adjustment_status", row.adjustment_status) : show("execution_status", row.execution_status))))];
    const note = missing.length ? el("p", { class: "soft small" }, t("scatterMissing", { count: missing.length, why: reasons.join(language ? ", " : "、") })) : null;
    if (!rated.length) return card("scatter", t("scatter"), el("p", { class: "soft" }, t("scatterNone")), note);
    const spread = (value) => Math.sign(value) * Math.sqrt(Math.abs(value));
    const marks = [-100, -50, -20, -5, 0, 5, 20, 50, 100, 200, 500].filter((mark) => window.innerWidth > 720 || Math.abs(mark) !== 20);
    const clip = (value, low, high) => Math.max(low, Math.min(high, Number(value)));
    const largest = Math.max(...rated.map((row) => Number(row.full_year_budget_amount)), 1);
    const groups = [null, "yellow", "orange", "red"].map((of) => rated.filter((row) => row.warning_level === of));
    const [smallest, growth] = rated.length > 400 ? [1.5, 8] : [3, 15];
    const caption = t("scatterChart");
    return card("scatter", t("scatter"), chart(380, caption, {
      type: "bubble",
      data: { datasets: groups.map((group, at) => {
        const name = [null, "yellow", "orange", "red"][at];
        return { label: name ? show("warning_level", name) : t("none"), backgroundColor: `${name ? COLORS[name] : COLORS.blue}99`, borderColor: name ? COLORS[name] : COLORS.blue,
          data: group.map((row) => ({ x: spread(clip(row.net_adjustment_rate_pct, -100, 500)), y: clip(row.execution_rate_pct, 0, 120), r: smallest + growth * Math.sqrt(Math.max(0, Number(row.full_year_budget_amount)) / largest) })) };
      }) },
      options: {
        clip: false,
        onClick: (_, hits) => hits.length && openProject(groups[hits[0].datasetIndex][hits[0].index]),
        scales: { x: axis(label("net_adjustment_rate_pct"), { min: spread(-100), max: spread(500), afterBuildTicks: (scale) => { scale.ticks = marks.map((mark) => ({ value: spread(mark) })); },
          ticks: { autoSkip: false, callback: (value) => `${Math.round(Math.sign(value) * value * value)}%` } }), y: axis(label("execution_rate_pct"), { min: 0, max: 120, ticks: percentTicks }) },
        plugins: { legend: { title: { display: true, text: label("warning_level"), color: COLORS.soft }, labels: { usePointStyle: true, boxHeight: 7 } }, tooltip: { callbacks: { label: (item) => {
          const row = groups[item.datasetIndex][item.dataIndex];
          return [projectTitle(row), departmentTitle(row), `${label("net_adjustment_rate_pct")} ${show("net_adjustment_rate_pct", row.net_adjustment_rate_pct)}`, `${label("execution_rate_pct")} ${show("execution_rate_pct", row.execution_rate_pct)}`, amount(row.full_year_budget_amount)];
        } } } },
      },
      plugins: [yardstick("y", DATA.totals.time_progress_pct === null ? null : Number(DATA.totals.time_progress_pct), t("progress"))],
    }, () => table({ caption, columns: [{ ...projectColumn, cell: null }, "net_adjustment_rate_pct", "execution_rate_pct", "full_year_budget_amount"], rows: rated })), note);
  }

  function flush() {
    const ready = pending;
    pending = [];
    ready.forEach((make) => make());
  }

  /* Sections ---------------------------------------------------------------------------------------------------- */
  const card = (id, title, ...children) => el("section", { class: "card", id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);

  function glance() {
    const total = DATA.totals;
    const known = (name) => (total[`known_${name}`] === total.department_count ? null : t("partKnown", { known: total[`known_${name}`], total: total.department_count }));
    const tile = (name, value, note, extra) => el("div", { class: "tile" }, el("dt", {}, extra || label(name)), el("dd", { "data-figure": name }, value === null ? el("span", { class: "unknown" }, t("unknown")) : value, note ? el("small", {}, note) : null));
    const money = (name, note) => tile(name, total[name] === null ? null : amountNode(total[name]), note || known(name));
    const rate = total.execution_rate_pct;
    const progress = total.time_progress_pct;
    const bullet = el("div", { class: "bullet", "aria-hidden": "true" });
    if (rate !== null) bullet.append(gauge(Number(rate), COLORS.blue, progress === null ? null : Number(progress)));
    if (progress !== null) {
      const mark = el("span", { class: "bullet-mark" }, t("timeProgress", { value: show("time_progress_pct", progress) }));
      if (Number(progress) > 50) mark.style.right = `${Math.max(0, 100 - Number(progress))}%`;
      else mark.style.left = `${Number(progress)}%`;
      bullet.append(mark);
    }
    const counts = LEVELS.map((of) => [of, DATA.warning_counts[of] || 0]).filter(([, count]) => count);
    const warnings = counts.length ? el("span", {}, ...counts.map(([of, count]) => el("span", { class: `level ${of}` }, `${show("warning_level", of)} ${grouped(String(count))}`))) : t("none");
    const gap = total.gap_to_progress_points;
    const pace = gap === null ? "" : t(gap.startsWith("-") ? "behind" : "ahead", { progress: show("time_progress_pct", progress), gap: gap.replace("-", "") });
    const who = total.department_count === 1 ? departmentTitle(records.department[0]) : t("whole", { count: total.department_count });
    const lead = rate === null ? null : el("p", { class: "lead" }, t("lead", { date: META.as_of || "", who, budget: amount(total.full_year_budget_amount), executed: amount(total.executed_amount), rate: show("execution_rate_pct", rate), pace }));
    return el("section", { class: "card", id: "glance", "aria-labelledby": "glance-title" },
      el("h2", { id: "glance-title" }, t(META.is_year_finished ? "glanceWhole" : "glance")),
      META.as_of ? el("p", { class: "soft small" }, t("asOf", { date: META.as_of })) : null,
      el("div", { class: "glance" },
        el("div", {}, el("div", { class: "soft" }, label("execution_rate")),
          el("div", { class: "rate", "data-figure": "execution_rate_pct" }, rate === null ? el("span", { class: "unknown" }, t("unknown")) : show("execution_rate_pct", rate)), bullet),
        el("dl", { class: "tiles" },
          money("full_year_budget_amount"), money("executed_amount"), money("unspent_amount"), money("initial_budget_amount"),
          money("net_adjustment_amount", total.net_adjustment_rate_pct === null ? known("net_adjustment_amount") : `${label("net_adjustment_rate")} ${show("net_adjustment_rate_pct", total.net_adjustment_rate_pct)}`),
          tile("watched_project_count", records.watch_basis.length ? String(DATA.tables.watch.total) : t("none"), null, t("watchTile")),
          tile("warning_level", warnings, null, t("warningsTile")),
          tile("finding", String(DATA.tables.finding.total + DATA.tables.rejected_row.total), t("findingsCount", { findings: DATA.tables.finding.total, rejected: DATA.tables.rejected_row.total }), t("findingsTile"))),
        lead));
  }

  function departmentsCard() {
    const unranked = records.department.filter((row) => row.execution_rank === null).length;
    const note = unranked ? el("p", { class: "soft small" }, t("unranked", { count: unranked })) : null;
    return card("departments", t("departments"), el("p", { class: "soft small" }, t("details")), rankingChart(), note, table({
      caption: tableMeaning("department"), rows: records.department,
      columns: [...minor("execution_rank"), departmentColumn, level, { name: "execution_rate_pct", cell: rateWithGauge }, "full_year_budget_amount", "executed_amount",
        ...minor("unspent_amount"), signed("gap_to_progress_points"), ...minor("gap_to_average_points", "share_of_unspent_pct"), "net_adjustment_rate_pct",
        "is_complete", ...minor("set_aside_row_count", "set_aside_amount", "execution_status", "adjustment_status", "as_of_date")],
    }));
  }

  function projectsCard() {
    return card("projects", t("projects"), cutNote("project"), table({
      caption: tableMeaning("project"), rows: records.project,
      columns: [projectColumn, { name: "department_name", text: departmentTitle, minor: true }, level, { name: "execution_rate_pct", cell: rateWithGauge }, "full_year_budget_amount", "executed_amount",
        ...minor("initial_budget_amount", "net_adjustment_amount"), "net_adjustment_rate_pct", ...minor("adjustment_count", "execution_status", "adjustment_status", "project_kind", "source_grain", "is_complete", "set_aside_row_count", "set_aside_amount")],
    }));
  }

  function breakdownCard() {
    const columns = ["executed_amount", { name: "execution_rate_pct", cell: rateWithGauge }, "full_year_budget_amount", "is_complete"];
    const alone = records.department.length === 1;
    const who = alone ? [] : [departmentColumn];
    const fund = { name: "fund_type_name", head: alone, text: (row) => row.fund_type_name || row.fund_type_code || t("unknown") };
    return card("breakdown", t("breakdown"), el("div", { class: "two" },
      table({ caption: tableTitle("fund_type"), rows: records.fund_type, columns: [...who, fund, ...columns] }),
      table({ caption: tableTitle("nature"), rows: records.nature, columns: [...who, { name: "expenditure_nature", head: alone }, ...columns] })));
  }

  function watchCard() {
    const [basis] = records.watch_basis;
    const adjust = basis && basis.proposed_adjustment_amount;
    const unseen = basis && basis.unseen_columns && basis.unseen_columns.split("; ").map((name) => (language ? label(name) : `“${label(name)}”`)).join(language ? ", " : "、");
    const reasons = { name: localised("watch_reasons"), wide: true };
    const range = { name: "projected_lowest_amount", minor: true };
    return card("watch", t("watch"),
      el("p", {}, basis ? t("watchLead", { count: basis.watched_project_count, budget: amount(basis.watched_budget_amount), adjust: adjust === null ? t("unknown") : amount(adjust) }) + (basis.unprojected_project_count ? t("watchUnprojected", { count: basis.unprojected_project_count }) : "") : t("watchOver")),
      unseen ? el("p", { class: "soft small" }, t("watchUnseen", { columns: unseen })) : null,
      basis && basis.tested_fiscal_year ? el("p", { class: "soft small" }, t("watchTested", { year: basis.tested_fiscal_year, error: show("projection_error_pct", basis.projection_error_pct), coverage: show("bounds_coverage_pct", basis.bounds_coverage_pct) })) : null,
      cutNote("watch"),
      basis ? table({
        caption: tableMeaning("watch"), rows: records.watch,
        columns: [projectColumn, { name: "department_name", text: departmentTitle, minor: true }, reasons, "full_year_budget_amount", "executed_amount", "projected_executed_amount", "proposed_adjustment_amount",
          range, ...minor("projected_highest_amount", "projection_basis", "listed_since", "watch_change"), "handling_state", ...minor("handling_note")],
      }) : null);
  }

  function warningsCard() {
    const open = (row) => (projectKey(row) ? openProject(row) : openDepartment(row));
    return card("warnings", t("warnings"), el("p", { class: "soft small" }, t("warningsRest", { shown: DATA.tables.warning.total, rules: DATA.warning_rule_count })), cutNote("warning"), table({
      caption: tableMeaning("warning"), rows: records.warning,
      columns: [{ name: "project_name", head: true, title: `${label("department_name")} / ${label("project_name")}`, text: projectTitle, cell: named(projectTitle, open) }, level, { name: "department_name", text: departmentTitle, minor: true },
        "warning_amount", evidenceColumn(), ...minor("as_of_date")],
    }));
  }

  function findingsCard() {
    const source = { name: "source_file_id", kind: "text", title: t("place"), text: place, wide: true };
    return card("findings", t("findings"), cutNote("finding"),
      table({ caption: tableMeaning("finding"), rows: records.finding, columns: ["severity", { name: "finding_key", head: true }, { name: localised("message"), wide: true }, "source_value", "target_value", "difference", source, ...minor("rule_id")] }),
      el("h3", {}, tableTitle("rejected_row")),
      table({ caption: tableMeaning("rejected_row"), rows: records.rejected_row, inUnit: "yuan", columns: ["dataset", { name: "project_name", head: true, text: projectTitle }, { name: localised("messages"), wide: true }, "money", source, ...minor("rule_ids")] }),
      el("h3", {}, t("files")),
      table({ caption: tableMeaning("source_file"), rows: records.source_file, inUnit: "yuan", columns: [{ name: "source_path", head: true }, ...minor("source_sheet"), "dataset", "file_outcome", "rows_accepted", "rows_rejected", ...minor("rows_duplicate", "rows_subtotal"), "money_accepted", ...minor("money_rejected")] }));
  }

  function moreCard() {
    const names = DATA.more.filter((name) => records[name].length);
    if (!names.length) return null;
    return card("more", t("more"), ...names.map((name) => {
      const columns = DATA.tables[name].columns.filter((column) => !(column.endsWith("_code") && DATA.tables[name].columns.includes(column.replace(/_code$/, "_name"))));
      const shown = columns.filter((column) => !(language ? column.endsWith("_zh") : columns.includes(`${column}_zh`)));
      const box = el("details", {}, el("summary", {}, bracketed(tableTitle(name), DATA.tables[name].total)));
      box.addEventListener("toggle", () => {
        if (box.open && box.children.length === 1) {
          box.append(cutNote(name) || "", table({ caption: tableMeaning(name), rows: records[name], columns: shown.map((column) => (column === "department_name" ? { ...departmentColumn } : { name: column, wide: /evidence|message/.test(column) })) }));
        }
      });
      return box;
    }));
  }

  function notesCard() {
    const notes = Object.entries(COLUMNS).filter(([, column]) => column.formula || column.is_figure);
    return card("notes", t("notes"), el("dl", { class: "notes" }, ...notes.map(([name, column]) => el("div", {},
      el("dt", {}, label(name)), el("dd", {}, language ? column.meaning : column.meaning_zh, " ", column.formula ? el("code", {}, formula(column.formula)) : null)))));
  }

  /* What stands behind a semicolon of a formula is a remark in English; the meaning tells it in both languages. */
  const formula = (text) => text.split(";")[0].replace(/[a-z_]{4,}/g, (name) => (COLUMNS[name] ? label(name) : name));

  /* Drill-down -------------------------------------------------------------------------------------------------- */
  const dialog = el("dialog", { "aria-labelledby": "sheet-title" });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);

  function openSheet(title, subtitle, ...children) {
    const back = dialog.open ? null : document.activeElement;
    const close = el("button", { type: "button", onclick: () => dialog.close() }, t("close"));
    dialog.replaceChildren(el("div", { class: "sheet" }, el("header", {}, el("h2", { id: "sheet-title" }, title, subtitle ? el("div", { class: "soft small" }, subtitle) : null), close), ...children));
    if (!dialog.open) {
      dialog.showModal();
      dialog.addEventListener("close", () => back && back.focus && back.focus(), { once: true });
    }
    dialog.scrollTop = 0;
    close.focus();
  }

  /* Each figure with its formula, the names in it replaced by the numbers of this row, in yuan so that it comes out. */
  function formulas(row, names) {
    return el("dl", { class: "formulas" }, ...names.filter((name) => name in row).map((name) => {
      const column = COLUMNS[name];
      const value = show(name, row[name], "yuan");
      let numbers = null;
      if (column.formula && row[name] !== null) {
        const first = column.formula.split(";")[0];
        const used = [...first.matchAll(/[a-z_]{4,}/g)].map(([found]) => found);
        if (used.length && used.every((found) => row[found] !== undefined && row[found] !== null)) {
          numbers = first.replace(/[a-z_]{4,}/g, (found) => show(found, row[found], "yuan")).replace("/", "÷");
        }
      }
      const status = name === "execution_rate_pct" ? row.execution_status : name.includes("adjustment_rate") ? row.adjustment_status : null;
      return el("div", {}, el("dt", { title: meaning(name) }, label(name)), el("dd", {},
        value === null ? el("span", { class: "unknown" }, status && status !== "ok" ? show(name === "execution_rate_pct" ? "execution_status" : "adjustment_status", status) : t("unknown")) : el("b", {}, AMOUNTS.has(column.kind) ? `${value} ${t("yuan")}` : value),
        numbers ? el("div", { class: "soft small" }, `= ${numbers}`) : null));
    }));
  }

  const FIGURES = ["initial_budget_amount", "increase_amount", "decrease_amount", "net_adjustment_amount", "full_year_budget_amount", "executed_amount", "unspent_amount", "execution_rate_pct",
    "completion_rate_of_initial_pct", "net_adjustment_rate_pct", "gross_adjustment_rate_pct", "gap_to_progress_points", "gap_to_average_points", "share_of_unspent_pct", "adjustment_count", "source_grain", "as_of_date", "is_complete", "set_aside_row_count", "set_aside_amount"];

  function sourceLines(belongs) {
    const parts = [];
    for (const [name, lines] of Object.entries(DATA.lines)) {
      const rows = lines.rows.map((row) => Object.fromEntries(lines.columns.map((column, at) => [column, row[at]]))).filter(belongs);
      if (!rows.length) continue;
      const own = lines.columns.filter((column) => !/^(department|project)_(code|name)$|^source_/.test(column) && rows.some((row) => row[column] !== null));
      parts.push(el("h3", {}, bracketed(language ? lines.en : lines.zh, rows.length)));
      if (lines.total > lines.rows.length) parts.push(el("p", { class: "soft small" }, t("linesCut", { shown: lines.rows.length, total: lines.total })));
      parts.push(table({ caption: language ? lines.meaning : lines.meaning_zh, rows, inUnit: "yuan", columns: [{ name: "source_line", kind: "text", head: true, title: t("place"), text: place, wide: true }, ...own] }));
    }
    return parts.length ? parts : [el("p", { class: "soft" }, t("linesNone"))];
  }

  function aboutSection(rows) {
    return rows.length ? el("section", {}, el("h3", {}, t("warnings")), cutNote("warning"), ...rows.map((row) => el("p", {}, levelBadge(row.warning_level), " ", inUnit(row[localised("evidence")])))) : null;
  }

  function openDepartment(of) {
    const key = departmentKey(of);
    const row = records.department.find((found) => departmentKey(found) === key) || of;
    const projects = records.project.filter((found) => departmentKey(found) === key);
    openSheet(departmentTitle(row), row.department_code,
      el("section", {}, el("h3", {}, t("figures")), formulas(row, FIGURES)),
      aboutSection(records.warning.filter((found) => departmentKey(found) === key && !projectKey(found))),
      projects.length ? el("section", {}, el("h3", {}, t("projects")), table({ caption: departmentTitle(row), rows: projects, columns: [projectColumn, level, { name: "execution_rate_pct", cell: rateWithGauge }, "full_year_budget_amount", "executed_amount", "net_adjustment_rate_pct"] })) : null,
      el("section", {}, el("h3", {}, t("lines")), ...sourceLines((line) => departmentKey(line) === key && (!projects.length || !projectKey(line)))));
  }

  function openProject(of) {
    const key = projectKey(of);
    const row = records.project.find((found) => projectKey(found) === key) || of;
    openSheet(projectTitle(row), [row.project_code, departmentTitle(row)].filter(Boolean).join(" · "),
      el("section", {}, el("h3", {}, t("figures")), formulas(row, FIGURES)),
      aboutSection(records.warning.filter((found) => projectKey(found) === key)),
      el("section", {}, el("h3", {}, t("lines")), ...sourceLines((line) => projectKey(line) === key)));
  }

  /* The page ---------------------------------------------------------------------------------------------------- */
  function choice(name, options, current, choose) {
    return el("div", { class: "choice", role: "group", "aria-label": t(name) }, ...options.map(([value, text, lang]) =>
      el("button", { type: "button", "aria-pressed": String(value === current), lang, "data-choice": value, onclick: () => {
        choose(value);
        render();
        document.querySelector(`[data-choice="${value}"]`).focus();
      } }, text)));
  }

  function render() {
    charts.splice(0).forEach((made) => made.destroy());
    printed.length = 0;
    pending = [];
    if (dialog.open) dialog.close();
    document.documentElement.lang = language ? "en" : "zh-CN";
    const title = `${META.whose} ${t("title", { year: META.fiscal_year })}`;
    document.title = title;
    const cards = [glance(), watchCard(), warningsCard(), departmentsCard(), el("div", { class: "two" }, monthsCard(), waterfallCard()), scatterCard(), projectsCard(), breakdownCard(), findingsCard(), moreCard(), notesCard()];
    const sections = ["glance", "watch", "warnings", "departments", "months", "waterfall", "scatter", "projects", "breakdown", "findings", "more", "notes"].filter((id) => id !== "more" || cards[9]);
    const page = el("div", { id: "page" },
      el("a", { class: "skip", href: "#content" }, t("skip")),
      el("header", { class: "bar" }, el("div", {}, el("h1", {}, title),
        choice("unit", [["wan", t("wan")], ["yuan", t("yuan")]], unit, (value) => { unit = value; }),
        choice("language", [[0, "中文", "zh-CN"], [1, "English", "en"]], language, (value) => { language = value; }),
        el("nav", { "aria-label": t("sections") }, ...sections.map((id) => el("a", { href: `#${id}` }, t(id)))))),
      el("main", { id: "content", tabindex: -1 },
        META.is_held_back ? el("div", { class: "card notice", role: "note" }, t("held", { version: META.accepted_version })) : null,
        ...cards.filter(Boolean),
        el("footer", {}, t("built", { id: BUILD.build_id, version: BUILD.program_version, time: BUILD.finished_at }), " ", t("library"))));
    const old = document.getElementById("page");
    if (old) old.replaceWith(page);
    else document.body.prepend(page);
    flush();
  }

  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.color = COLORS.soft;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.devicePixelRatio = Math.max(2, window.devicePixelRatio || 1);
  window.addEventListener("beforeprint", () => { printed.forEach((box) => box.expand()); charts.forEach((made) => made.resize()); });
  window.addEventListener("afterprint", () => { printed.forEach((box) => box.collapse()); charts.forEach((made) => made.resize()); });
  render();
})();

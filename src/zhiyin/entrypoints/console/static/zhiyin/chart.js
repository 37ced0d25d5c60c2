// Charts over time, drawn by ECharts as SVG in the page's colours. Small drawings are HTML and need no script.
//
//   <div class="zy-chart" data-zy-chart="columns" data-zy-data="ID" role="img" aria-label="the finding"></div>
//   {{ data|json_script:"ID" }}
//
// columns  {labels, values, name, prefix, exponent}            one column for each label
// band     {labels, values, low, high, name, band, prefix, exponent}   a line within its interval; zero is drawn
//          `digits` of the last value, which stands beside it (none for money)
// line     {labels, values, name, max}                         one line; it need not begin at zero
// moves    {labels, up, down, names}                           columns above the line and below it
// hours    {labels, kept, before, rejected, names}             kept and last week's line; rejected below, on its own scale
// stacked  {labels, series: [{name, values, colour}]}          columns of parts that add up
// `exponent` shifts minor units to major ones (2 for yuan), `prefix` is the currency's symbol.
(() => {
  "use strict";
  const chinese = document.documentElement.lang.startsWith("zh");
  const drawn = new Map();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--zy-${name}`).trim();

  function compact(value) {
    const steps = chinese ? [[1e8, " 亿"], [1e4, " 万"]] : [[1e9, "bn"], [1e6, "M"], [1e3, "k"]];
    const size = Math.abs(value);
    for (const [step, unit] of steps) {
      if (size >= step) return sign(value) + (Math.round((size / step) * 10) / 10).toLocaleString("en") + unit;
    }
    return sign(value) + size.toLocaleString("en", { maximumFractionDigits: 2 });
  }
  const sign = (value) => (value < 0 ? "−" : "");
  const full = (value) => sign(value) + Math.abs(value).toLocaleString("en", { maximumFractionDigits: 2 });
  const money = (prefix, write) => (value) => write(value).replace(/^−?/, (minus) => minus + (prefix || ""));

  function frame(data) {
    const text = { color: colour("muted"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
    return {
      animation: false,
      aria: { enabled: true },
      textStyle: text,
      grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "axis",
        confine: true,
        backgroundColor: colour("surface"),
        borderColor: colour("line-strong"),
        textStyle: { color: colour("text"), fontSize: 13 },
        axisPointer: { type: "shadow", shadowStyle: { color: colour("muted"), opacity: 0.08 } },
        valueFormatter: money(data.prefix, full),
      },
      xAxis: {
        type: "category",
        data: data.labels,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colour("line-strong") } },
        axisLabel: { ...text, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        splitNumber: 4,
        axisLabel: { ...text, formatter: money(data.prefix, compact) },
        splitLine: { lineStyle: { color: colour("line") } },
      },
    };
  }

  const drawings = {
    columns: (data, values) => ({
      ...frame(data),
      series: [
        { type: "bar", name: data.name, data: values(data.values), barMaxWidth: 28, itemStyle: { color: colour("c1"), borderRadius: [3, 3, 0, 0] } },
      ],
    }),
    stacked: (data) => ({
      ...frame(data),
      series: data.series.map((one) => ({
        type: "bar", stack: "all", name: one.name, data: one.values, barMaxWidth: 28, itemStyle: { color: colour(one.colour) },
      })),
    }),
    line: (data) => {
      const base = frame(data);
      return {
        ...base,
        yAxis: { ...base.yAxis, scale: true, minInterval: 1, max: data.max },
        series: [{ type: "line", name: data.name, data: data.values, symbol: "none", lineStyle: { color: colour("c1"), width: 2 }, itemStyle: { color: colour("c1") } }],
      };
    },
    moves: (data) => {
      const base = frame(data);
      const away = (value) => full(Math.abs(value));
      const bar = (name, values, of) => ({ type: "bar", name, data: values, stack: "moves", itemStyle: { color: colour(of) } });
      return {
        ...base,
        tooltip: { ...base.tooltip, valueFormatter: away },
        yAxis: { ...base.yAxis, minInterval: 1, axisLabel: { ...base.yAxis.axisLabel, formatter: (value) => compact(Math.abs(value)) } },
        series: [bar(data.names.up, data.up, "c1"), bar(data.names.down, data.down, "c2")],
      };
    },
    // two panels over one axis of hours: never two scales in one panel
    hours: (data) => {
      const base = frame(data);
      const axis = (index, labels) => ({ ...base.xAxis, gridIndex: index, axisLabel: { ...base.xAxis.axisLabel, show: labels } });
      const scale = (index, parts) => ({ ...base.yAxis, gridIndex: index, splitNumber: parts, minInterval: 1, max: (value) => (value.max > 0 ? null : 1) });
      const bar = (name, values, colours, index) => ({
        type: "bar", name, data: values, xAxisIndex: index, yAxisIndex: index, barCategoryGap: "32%",
        itemStyle: { color: colour(colours), borderRadius: [2, 2, 0, 0] },
      });
      return {
        ...base,
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        grid: [
          { left: 52, right: 8, top: 10, height: "62%" },
          { left: 52, right: 8, bottom: 24, height: "16%" },
        ],
        xAxis: [axis(0, false), axis(1, true)],
        yAxis: [scale(0, 4), scale(1, 1)],
        series: [
          bar(data.names.kept, data.kept, "c1", 0),
          {
            type: "line", name: data.names.before, data: data.before, symbol: "none", silent: true,
            lineStyle: { color: colour("grey"), width: 1.5, type: "dashed" }, itemStyle: { color: colour("grey") },
          },
          bar(data.names.rejected, data.rejected, "c2", 1),
        ],
      };
    },
    // the band is two stacked areas: an invisible one up to `low`, a pale one from there to `high`
    band: (data, values) => {
      const low = values(data.low);
      const high = values(data.high);
      const edge = (name, series, area) => ({
        type: "line", name, data: series, stack: "band", stackStrategy: "all", symbol: "none", silent: true,
        tooltip: { show: false }, lineStyle: { width: 0 }, areaStyle: area, color: colour("c1"),
      });
      const base = frame(data);
      const exact = (value) => value.toLocaleString("en", { maximumFractionDigits: data.digits });
      if (data.digits) base.tooltip.valueFormatter = exact;
      return {
        ...base,
        series: [
          edge(`${data.band} `, low, { opacity: 0 }),
          edge(data.band, high.map((top, at) => (top === null ? null : top - low[at])), { color: colour("c1"), opacity: 0.18 }),
          {
            type: "line",
            name: data.name,
            data: values(data.values),
            symbolSize: 6,
            lineStyle: { color: colour("c1"), width: 2 },
            itemStyle: { color: colour("c1") },
            endLabel: { show: true, formatter: (point) => (data.digits ? exact(point.value) : full(Math.round(point.value))), color: colour("text"), fontWeight: 600, offset: [-6, -12], align: "right" },
          },
        ],
      };
    },
  };

  function draw(element) {
    if (!element.clientWidth) return; // hidden: drawn when it is shown
    const data = JSON.parse(document.getElementById(element.dataset.zyData).textContent);
    const factor = 10 ** -(data.exponent || 0);
    const values = (list) => list.map((value) => (value === null ? null : value * factor));
    let chart = drawn.get(element);
    if (!chart) {
      chart = echarts.init(element, null, { renderer: "svg", locale: chinese ? "ZH" : "EN" });
      drawn.set(element, chart);
    }
    chart.setOption(drawings[element.dataset.zyChart](data, values), true);
    chart.resize();
  }

  function all() {
    for (const [element, chart] of drawn) {
      if (!element.isConnected) {
        chart.dispose();
        drawn.delete(element);
      }
    }
    for (const element of document.querySelectorAll("[data-zy-chart]")) draw(element);
  }

  for (const name of ["zy:theme", "zy:swap", "htmx:afterSettle"]) document.addEventListener(name, all);
  addEventListener("resize", all);
  all();
})();

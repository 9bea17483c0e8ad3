// Draws the charts of the page from their specifications, in the colours of the theme, and makes their controls work.
// Without it the page shows the same charts as still pictures.
(function () {
  'use strict';

  const { charts, themes } = JSON.parse(document.getElementById('specs').textContent);
  const forced = document.documentElement.dataset.theme;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const theme = () => themes[forced || (dark.matches ? 'dark' : 'light')];
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  tip.setAttribute('role', 'tooltip');
  document.body.append(tip);

  // Numbers as in the tables.
  const few = (x) => (x === 0 ? '0' : Number(x.toPrecision(4)).toLocaleString('en', { maximumSignificantDigits: 4 }));
  const two = (n) => String(n).padStart(2, '0');
  const units = {
    number: few,
    whole: (x) => x.toLocaleString('en', { maximumFractionDigits: 1 }),
    share: (x) => (x > 0 && x < 1e-4 ? x.toExponential(2) : `${few(100 * x)} %`),
    span: (x) =>
      x >= 3600 ? `${Math.floor(x / 3600)}h${two(Math.round((x % 3600) / 60))}m`
      : x >= 60 ? `${Math.floor(x / 60)}m${two(Math.round(x % 60))}s`
      : x >= 1 || x === 0 ? `${few(x)} s` : `${few(1e3 * x)} ms`,
    clock: (x) => {
      const seconds = Math.round(x % 60) ? `:${two(Math.round(x % 60))}` : '';
      const days = Math.floor(x / 86400);
      const hours = Math.floor((x % 86400) / 3600);
      return `${days ? `${days}d ` : ''}${hours}:${two(Math.floor((x % 3600) / 60))}${seconds}`;
    },
  };

  // A colour stands as its name in the specification: put in that of the theme.
  const places = new Set(['color', 'fill', 'stroke', 'value', 'range']);
  function coloured(node, colours, key) {
    if (typeof node === 'string') return places.has(key) && node[0] === '@' ? colours[node.slice(1)] : node;
    if (Array.isArray(node)) return node.map((one) => coloured(one, colours));
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(
      Object.entries(node).map(([name, one]) => [name, name === 'values' || name === 'datasets' ? one : coloured(one, colours, name)]),
    );
  }

  function specification(chart, colours) {
    const spec = coloured(chart, colours);
    const look = { labelColor: colours.faint, titleColor: colours.faint, gridColor: colours.grid, domainColor: colours.axis, tickColor: colours.axis };
    spec.background = colours.background;
    spec.config = {
      aria: false,
      font: "Inter, system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif",
      axis: { ...look, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', labelFontWeight: 'normal' },
      legend: { labelColor: colours.faint, titleColor: colours.text, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
      title: { color: colours.text, subtitleColor: colours.faint, anchor: 'start' },
      view: { stroke: null },
      concat: { spacing: 28 },
    };
    return spec;
  }

  // What a mark under the pointer says: its series, where it is and what it is worth.
  const datum = ({ usermeta: meta, params }, row) => {
    const write = (axis, value) => units[axis.unit](value);
    const at = (x) => write(meta.x, meta.x.unit === 'clock' ? x / 1e3 : x);
    const rows = (panel) => params.find((param) => param.name === `yLabels${panel || 0}`).value;
    const lines = [meta.series[row.s], row.t];
    const isCell = row.v !== undefined && row.x2 !== undefined;
    if (isCell && row.t === undefined) {
      lines.push(rows(row.p)[Math.round(row.y + 0.5)], at(row.x), `${meta.heat.title}: ${write(meta.heat, row.v)}`, row.a && 'refuses SYNs');
    } else if (isCell) {
      lines.push(`${meta.y.title} ${rows(row.p)[Math.round(row.y + 0.5)]}`, `${meta.x.title} ${meta.x.names[Math.round(row.x + 0.5)]}`);
    } else if (row.d !== undefined) {
      lines.push(`${meta.x.title}: ${write(meta.x, row.d)}`);
    } else if (row.X !== undefined) {
      lines.push(`${meta.x.title}: ${meta.x.names.length ? meta.x.names[row.X] : write(meta.x, row.X)}`);
    } else if (row.x2 !== undefined) {
      lines.push(`${at(row.x)} to ${at(row.x2)}`);
    } else if (row.x !== undefined) {
      lines.push(`${meta.x.title}: ${at(row.x)}`);
    }
    if (!isCell && typeof row.y === 'number' && row.d === undefined) lines.push(`${meta.y.title}: ${write(meta.y, row.y)}`);
    return lines.filter(Boolean).join('\n');
  };

  function showTip(event, text) {
    tip.hidden = !text;
    if (!text) return;
    // As text, whatever it holds.
    tip.textContent = text;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${event.clientY + height + 24 > innerHeight ? event.clientY - height - 12 : event.clientY + 16}px`;
  }

  // Room left of the panels: the same for all, so that they stand in line.
  function extent(chart, width) {
    let letters = 7;
    for (const param of chart.params) {
      if (!param.name.startsWith('yLabels')) continue;
      for (const label of param.value) letters = Math.max(letters, label.length);
    }
    return Math.min(7 * letters + 12, 0.36 * width);
  }

  // Room right of the panels for the names of lines at their ends; none on a narrow page, where the buttons tell.
  const isEnd = (layer) => /^end-/.test(layer.name);
  function beside(spec, width) {
    if (width < 640) return 0;
    const ends = spec.vconcat.flatMap((panel) => panel.layer).filter(isEnd);
    const letters = ends.map((layer) => spec.datasets[layer.data.name][0].sign.length);
    return letters.length ? Math.min(7.5 * Math.max(...letters) + 12, 0.3 * width) : 0;
  }

  // Signs above a panel, moved up where they would lie on others; how many rows they take. A narrow page has room for numbers.
  function placeSigns(panel, datasets, width, right, narrow) {
    const rows = [];
    for (const layer of panel.layer.filter((one) => /^signs-/.test(one.name))) {
      const signs = datasets[layer.data.name].map((sign) => ({ ...sign }));
      if (narrow && signs.some(({ sign }) => sign.length > 3)) {
        panel.layer = panel.layer.filter((one) => one !== layer);
        continue;
      }
      for (const sign of signs) {
        const x = sign.place * width;
        const wide = 6.6 * sign.sign.length + 6;
        sign.ends = x + wide > width + right && x > wide;
        const [from, to] = sign.ends ? [x - wide, x] : [x, x + wide];
        let row = rows.findIndex((taken) => taken.every(([left, right]) => from > right + 6 || to < left - 6));
        if (row < 0) row = rows.push([]) - 1;
        rows[row].push([from, to]);
        sign.up = -8 - 15 * row;
      }
      datasets[layer.data.name] = signs;
    }
    return rows.length;
  }

  function prepared(figure, chart) {
    const width = figure.clientWidth;
    const spec = specification(chart, theme());
    const left = extent(chart, width);
    const right = beside(spec, width);
    delete spec.title;
    spec.datasets = { ...spec.datasets };
    for (const panel of spec.vconcat) {
      panel.layer = panel.layer.filter((layer) => right || !isEnd(layer));
      panel.width = Math.max(160, width - left - right - 24);
      const signs = placeSigns(panel, spec.datasets, panel.width, right, width < 640);
      if (panel.title) panel.title.limit = width - 8;
      for (const layer of panel.layer) {
        const axis = layer.encoding.y && layer.encoding.y.axis;
        if (axis) Object.assign(axis, { minExtent: left, maxExtent: left, labelLimit: left - 8, titleAlign: 'left', titleAnchor: 'end', titleAngle: 0, titleBaseline: 'bottom', titleX: 0, titleY: -8 - 15 * signs });
      }
    }
    spec.padding = { left: 0, right: 16, top: 8, bottom: 4 };
    spec.autosize = { type: 'pad' };
    return spec;
  }

  function draw(state) {
    const spec = prepared(state.figure, state.chart);
    const compiled = vegaLite.compile(spec, { logger: quiet }).spec;
    const host = state.figure.querySelector('.live');
    if (state.view) state.view.finalize();
    host.replaceChildren();
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vega.expressionInterpreter, renderer: 'svg', container: host, hover: false, logger: quiet,
      loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
      tooltip: (_, event, item, value) => showTip(event, value && datum(state.chart, value)),
    });
    view.signal('hidden', [...state.hidden]).signal('from', state.from).signal('to', state.to);
    state.view = view;
    state.figure.classList.add('drawn');
    return view.runAsync().then(() => {
      // Its text alternative is that of the element around it.
      host.querySelector('svg').setAttribute('aria-hidden', 'true');
    });
  }

  const refuse = () => Promise.reject(new Error('this page fetches nothing'));
  const quiet = vega.logger(vega.Error);

  function button(text, pressed, act) {
    const made = document.createElement('button');
    made.type = 'button';
    made.append(text);
    if (pressed !== undefined) made.setAttribute('aria-pressed', pressed);
    made.addEventListener('click', act);
    return made;
  }

  function swatch(named) {
    const colour = Array.isArray(named) ? named[named.length - 1] : named;
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    rect.setAttribute('width', '100%');
    rect.setAttribute('height', '100%');
    rect.setAttribute('fill', colour);
    svg.setAttribute('aria-hidden', 'true');
    svg.append(rect);
    return svg;
  }

  function legend(state) {
    const { series, colours } = state.meta;
    const group = state.figure.querySelector('.legend');
    group.replaceChildren();
    if (series.length < 2) return;
    series.forEach((name, i) => {
      const toggle = button(name, !state.hidden.has(i), () => {
        if (!state.hidden.delete(i)) state.hidden.add(i);
        toggle.setAttribute('aria-pressed', !state.hidden.has(i));
        state.view.signal('hidden', [...state.hidden]).runAsync();
      });
      toggle.prepend(swatch(theme()[colours[i].slice(1)]));
      group.append(toggle);
    });
  }

  function zoom(state, how) {
    const [first, last] = state.ends;
    const span = state.to - state.from;
    const middle = (state.from + state.to) / 2;
    const by = { in: 0.5, out: 2, left: 1, right: 1, all: 0 }[how];
    const move = { left: -0.5 * span, right: 0.5 * span }[how] || 0;
    const size = how === 'all' ? last - first : Math.min(last - first, span * by);
    state.from = Math.max(first, Math.min(middle + move - size / 2, last - size));
    state.to = state.from + size;
    state.view.signal('from', state.from).signal('to', state.to).runAsync();
  }

  function save(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1e4);
  }

  // Every number that is drawn, one row a point.
  function csv(chart) {
    const quoted = (value) => {
      const text = value === null || value === undefined ? '' : String(value);
      // A sheet takes what begins so for a formula.
      const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const head = ['panel', 'series', 'x', 'y', 'low', 'high', 'words'];
    const lines = [head.join(',')];
    const seen = new Set();
    for (const panel of chart.vconcat) {
      for (const layer of panel.layer) {
        const series = chart.usermeta.series[indexOf(layer)];
        for (const row of chart.datasets[layer.data.name]) {
          // What only joins or signs others is no point of its own.
          if (row.sign || (row.y2 !== undefined && row.v === undefined && row.d === undefined)) continue;
          const x = row.X ?? row.x ?? row.at;
          const y = row.d ?? row.y ?? row.v;
          const line = [panel.title ? panel.title.text : '', series, x, y, row.l, row.h ?? row.x2, row.t].map(quoted).join(',');
          if (!seen.has(line)) lines.push(line);
          seen.add(line);
        }
      }
    }
    return `${lines.join('\r\n')}\r\n`;
  }
  const indexOf = (layer) => Number(/indexof\(hidden, (\d+)\)/.exec(layer.transform[0].filter)[1]);

  function saves(state, id) {
    state.figure.querySelector('.save').addEventListener('click', (event) => {
      const kind = event.target.dataset.save;
      const titled = () => Object.assign(prepared(state.figure, state.chart), { title: state.chart.title });
      if (kind === 'csv') save(`${id}.csv`, 'text/csv', csv(state.chart));
      if (kind === 'spec') save(`${id}.vl.json`, 'application/json', `${JSON.stringify(titled(), null, 1)}\n`);
      if (kind === 'svg') state.view.toSVG().then((text) => save(`${id}.svg`, 'image/svg+xml', text));
    });
  }

  const states = [];
  function begin(figure) {
    const chart = charts[Number(figure.dataset.chart)];
    const ends = chart.params.slice(1, 3).map((param) => param.value);
    const state = { figure, chart, meta: chart.usermeta, hidden: new Set(), ends, from: ends[0], to: ends[1], width: figure.clientWidth };
    states.push(state);
    legend(state);
    for (const part of figure.querySelectorAll('.controls, .save')) part.hidden = false;
    const zooms = figure.querySelector('.zoom');
    if (zooms) zooms.addEventListener('click', (event) => event.target.dataset.zoom && zoom(state, event.target.dataset.zoom));
    saves(state, figure.id.replace(/^chart-/, ''));
    return draw(state);
  }

  // As they come into sight, so that a page of many charts is there at once.
  const figures = [...document.querySelectorAll('figure[data-chart]')];
  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      sight.unobserve(entry.target);
      begin(entry.target);
    }
  }, { rootMargin: '600px' });
  figures.forEach((figure) => sight.observe(figure));

  let waiting = 0;
  addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const state of states) {
        if (state.width === state.figure.clientWidth) continue;
        state.width = state.figure.clientWidth;
        draw(state);
      }
    }, 150);
  });
  dark.addEventListener('change', () => states.forEach((state) => { legend(state); draw(state); }));
  addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
})();

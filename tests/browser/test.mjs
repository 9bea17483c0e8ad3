// Opens pages that `snatsim report` made in a real browser, with no network: no errors, tooltips and toggles work,
// tables say what result.json says, no serious fault of accessibility; on a desk, on a phone, in the dark and on paper.
//
//     node test.mjs CHROMIUM DIR…      DIR as `-o` wrote it
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [executablePath, ...directories] = process.argv.slice(2);
assert(executablePath && directories.length, 'usage: node test.mjs CHROMIUM DIR…');
const shots = process.env.SHOTS;

const profile = mkdtempSync(path.join(tmpdir(), 'snatsim-browser-'));
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const desk = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/// A page that has drawn all its charts; whatever it asks for or complains of is a fault.
async function opened(directory, options) {
  const context = await chromium.launchPersistentContext(mkdtempSync(path.join(profile, 'p-')), {
    executablePath, headless: true, args: flags, offline: true, acceptDownloads: true, ...options,
  });
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => message.type() !== 'log' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => /^(file|blob|data):/.test(request.url()) || faults.push(`asks for ${request.url()}`));
  await page.goto(pathToFileURL(path.join(directory, 'report.html')).href);
  const figures = await page.locator('figure').all();
  for (const figure of figures) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('.live svg').waitFor({ timeout: 20_000 });
  }
  await page.evaluate(() => scrollTo(0, 0));
  const close = async (what) => {
    if (shots) await page.screenshot({ path: path.join(shots, `${path.basename(directory)}-${what}.png`), fullPage: true });
    await context.close();
    assert.deepEqual(faults, [], `${directory}, ${what}`);
  };
  return { page, close };
}

async function fitsItsWidth(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert(wide <= room, `the page is ${wide} wide where there is room for ${room}`);
}

async function isAccessible(page) {
  await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
  // The policy of the page lets no script in but its own; a debugger may.
  const found = await page.evaluate(`(() => { ${axe}; return axe.run(document, { resultTypes: ['violations'] }); })()`);
  const serious = found.violations.filter((fault) => ['serious', 'critical'].includes(fault.impact));
  const said = serious.map((fault) => `${fault.id}: ${fault.help}\n  ${fault.nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).slice(0, 4).join('\n  ')}`);
  assert.deepEqual(said, []);
}

/// The numbers behind the comparison are those of result.json, and so are those behind the first chart, where what was
/// never seen to fail has its bound only.
async function tablesMatch(page, directory) {
  const file = path.join(directory, 'result.json');
  if (!existsSync(file)) return;
  const { outbounds } = JSON.parse(readFileSync(file, 'utf8'));
  const rows = await page.locator('#comparison ~ .scroll tbody tr').evaluateAll((rows) => rows.map((row) =>
    [...row.children].map((cell) => (cell.querySelector('data') ? Number(cell.querySelector('data').value) : null))));
  assert.equal(rows.length, outbounds.length);
  outbounds.forEach((outbound, i) => {
    if (!outbound.connections) return;
    assert.equal(rows[i][2], outbound.failureProbability.estimate);
    assert.equal(rows[i][3], outbound.pools.peakUsed);
    assert.equal(rows[i][4], outbound.firstFailure ? outbound.firstFailure.at : null);
    assert.equal(rows[i][5], outbound.connectLatency.p99);
  });
  const drawn = await page.locator('#chart-failure-probability details tbody tr').evaluateAll((rows) => rows.map((row) =>
    [...row.querySelectorAll('data')].map((one) => Number(one.value))));
  const decided = outbounds.filter((one) => one.connections && one.failureProbability.estimate !== null).slice(0, drawn.length);
  assert(drawn.length > 0);
  decided.forEach(({ failureProbability: { estimate, low, high, method } }, i) => {
    const told = method === 'zeroFailures' ? [high] : [estimate, low, high];
    assert.deepEqual(drawn[i], told.filter((value) => value !== null));
  });
}

async function tooltipShows(page) {
  const figure = page.locator('figure').first();
  await figure.scrollIntoViewIfNeeded();
  const symbol = figure.locator('.live svg .mark-symbol path').first();
  const tip = page.locator('#tip');
  // Scrolling hides it; so more than once.
  await assertSoon(async () => {
    await page.mouse.move(0, 0);
    await symbol.hover({ force: true });
    return tip.isVisible();
  }, 'no tooltip shows');
  assert((await tip.textContent()).length > 5);
  await page.mouse.move(0, 0);
  await tip.waitFor({ state: 'hidden', timeout: 5_000 });
}

async function togglesHide(page) {
  for (const figure of await page.locator('figure').all()) {
    const toggles = figure.locator('.legend button');
    if ((await toggles.count()) < 2) continue;
    const marks = () => figure.locator('.live svg').evaluate((svg) => [...svg.querySelectorAll('.mark-line path, .mark-area path, .mark-rect path, .mark-rule line, .mark-symbol path')].filter((mark) => mark.getAttribute('d') !== '').length);
    const before = await marks();
    const last = toggles.last();
    await last.focus();
    await page.keyboard.press('Space');
    assert.equal(await last.getAttribute('aria-pressed'), 'false');
    await page.waitForFunction(() => true);
    await assertSoon(async () => (await marks()) < before, `${await figure.getAttribute('id')}: a toggle hides nothing`);
    await page.keyboard.press('Space');
    await assertSoon(async () => (await marks()) === before, 'a toggle does not bring back what it hid');
  }
}

/// Lines are named at their ends where there is room, each as long as its line is shown, and nowhere outside the drawing.
async function namesEnds(page, wide) {
  for (const figure of await page.locator('figure').all()) {
    const names = () => figure.locator('.live svg').evaluate((svg) => {
      const room = svg.getBoundingClientRect().right;
      const texts = [...svg.querySelectorAll('.role-mark[class*=" end_"] text')];
      return texts.filter((text) => text.textContent).map((text) => [text.textContent, text.getBoundingClientRect().right <= room]);
    });
    const before = await names();
    assert(wide || before.length === 0, 'a narrow page has no room for names beside its lines');
    assert(before.every(([, inside]) => inside), `${before} do not fit beside their lines`);
    if (!before.length) continue;
    named += 1;
    const toggle = figure.locator('.legend button').filter({ hasText: before[0][0] }).first();
    if (!(await toggle.count())) continue;
    await toggle.click();
    await assertSoon(async () => !(await names()).some(([name]) => name === before[0][0]), `${before[0][0]} stays without its line`);
    await toggle.click();
    await assertSoon(async () => (await names()).length === before.length, `${before[0][0]} does not come back`);
  }
}
let named = 0;

/// Signs above a panel lie on no other, and inside the drawing.
async function signsStandApart(page) {
  for (const figure of await page.locator('figure').all()) {
    const boxes = await figure.locator('.live svg').evaluate((svg) => {
      const room = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('.role-mark[class*=" signs_"] text')].map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return { sign: text.textContent, left, right, top, bottom, inside: left >= room.left && right <= room.right && top >= room.top };
      });
    });
    boxes.forEach((one, i) => {
      assert(one.inside, `${one.sign} leaves the drawing`);
      const other = boxes.slice(i + 1).find((two) => one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom);
      assert(!other, `${one.sign} and ${other && other.sign} lie on each other`);
    });
    signs += boxes.length;
  }
}
let signs = 0;

async function assertSoon(holds, otherwise) {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await holds()) return;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  assert.fail(otherwise);
}

async function zoomLooksIn(page) {
  const figure = page.locator('figure:has(.zoom)').first();
  if (!(await figure.count())) return;
  const labels = () => figure.locator('.live .role-axis-label text').allTextContents();
  const before = (await labels()).sort().join();
  await figure.locator('[data-zoom=in]').click();
  await figure.locator('[data-zoom=in]').click();
  await assertSoon(async () => (await labels()).sort().join() !== before, 'zooming changes no axis');
  await figure.locator('[data-zoom=all]').click();
  await assertSoon(async () => (await labels()).sort().join() === before, 'the way back from a zoom is lost');
}

async function saves(page) {
  const figure = page.locator('figure').first();
  for (const [kind, holds] of [['svg', /^<svg /], ['csv', /^panel,series,x,y/], ['spec', /vega-lite/]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), figure.locator(`[data-save=${kind}]`).click()]);
    assert.match(readFileSync(await download.path(), 'utf8'), holds);
  }
}

async function looksDark(page) {
  const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(colour, 'rgb(18, 23, 29)');
  const drawn = await page.locator('figure .live svg').first().evaluate((svg) => svg.outerHTML);
  assert(drawn.includes('#12171d') && drawn.includes('#62b6f2'), 'a chart is not in the colours of the dark');
}

async function printsStill(page) {
  await page.emulateMedia({ media: 'print' });
  const [live, still] = await page.locator('figure').first().evaluate((figure) => ['.live', '.still'].map((part) => getComputedStyle(figure.querySelector(part)).display));
  assert.deepEqual([live, still], ['none', 'block']);
}

try {
  for (const directory of directories) {
    const size = readFileSync(path.join(directory, 'report.html')).length;
    let { page, close } = await opened(directory, { ...desk, colorScheme: 'light' });
    await fitsItsWidth(page);
    await tooltipShows(page);
    await togglesHide(page);
    await namesEnds(page, true);
    await signsStandApart(page);
    await zoomLooksIn(page);
    await saves(page);
    await tablesMatch(page, directory);
    await isAccessible(page);
    await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = false; });
    await close('desk');

    ({ page, close } = await opened(directory, { ...phone, colorScheme: 'dark' }));
    await looksDark(page);
    await namesEnds(page, false);
    await signsStandApart(page);
    await fitsItsWidth(page);
    await isAccessible(page);
    await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = false; });
    await close('phone');

    ({ page, close } = await opened(directory, { ...desk, colorScheme: 'dark' }));
    await printsStill(page);
    await close('print');
    assert(named > 0, 'no line is named at its end');
    assert(signs > 0 || !existsSync(path.join(directory, 'result.json')) || !/"events": \[\s*\{/.test(readFileSync(path.join(directory, 'result.json'), 'utf8')), 'no event has a sign');
    console.log(`${path.basename(directory)}: fine, ${size} bytes`);
  }
} finally {
  rmSync(profile, { recursive: true, force: true });
}

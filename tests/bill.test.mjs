// The month's bill: what a dashboard asks for, counted over simulated hours, and that the table adds up.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { billOf, overText } from '../bench/bill.mjs';
import { COLUMNS, countQuietRequests, OFTEN_COLUMNS, OFTEN_SECONDS, requestsOf, simulateDay } from '../bench/live.mjs';

const SECOND = 1_000;
const say = () => {};
const pick = (names) => Object.fromEntries(names.map((name) => [name, COLUMNS[name]]));

/** Runs work with a folder that is gone afterwards. */
async function inFolder(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'conversation-monitor-bill-'));
  try {
    return await work(path.join(folder, 'state'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('an hour in which nothing changes', () => {
  const hours = 1;
  let asked;
  test('are simulated', async () => {
    asked = await inFolder((state) => countQuietRequests({ seconds: hours * 3600, say, state }));
  });

  // Of the 20 and the 600 requests of eight hours.
  test('take a dashboard that follows the stream two requests, and those of opening it', () => {
    const opening = { report: 1, summary: 1, scopes: 1 };
    assert.ok(requestsOf(asked.stream) <= (20 * hours) / 8 + requestsOf(opening), JSON.stringify(asked.stream));
    assert.equal(asked.stream.stream, 2, 'a stream ends after 55 minutes');
  });

  test('take a dashboard that obeys the advice 75 requests', () => {
    assert.ok(requestsOf(asked.advice) <= (600 * hours) / 8, JSON.stringify(asked.advice));
    assert.ok(asked.advice.report > 50, JSON.stringify(asked.advice));
  });
});

const cpu = {
  ...Object.fromEntries(['ours', 'plain', 'tuned'].map((side) => [side, { ok: 100, notModified: 50 }])),
  event: 1_000,
  run: 5_000,
};

describe('six minutes of the day', () => {
  const names = ['ours, stream', 'ours, advice', 'ours, each 5 s', 'plain', 'tuned'];
  const seconds = 360;
  let day;
  test('show the same on all screens', async () => {
    const settings = { seconds, columns: pick(names), watchers: 6, say };
    day = await inFolder((state) => simulateDay({ ...settings, state }));
    assert.ok(day.compared > 300, `${day.compared} compared`);
  });

  test('are seen within two seconds by the stream, and within 25 by advice', () => {
    for (const [name, most] of /** @type {[string, number][]} */ ([
      ['ours, stream', 2],
      ['ours, advice', 25],
    ])) {
      const { lags } = day.columns[name];
      assert.ok(lags.length >= 20, `${name}: ${lags.length}`);
      assert.ok(Math.max(...lags) <= most * SECOND, `${name}: ${Math.max(...lags)} ms`);
    }
  });

  test('have a bill that adds up', () => {
    const { months, text, more, ratios } = billOf(day, cpu);
    const days = (22 * 1_000) / day.share;
    for (const name of names) {
      const { requests } = months[name];
      const all = requests.polls + requests.clicks + requests.streams + requests.others;
      assert.ok(Math.abs(all - (days * day.columns[name].requests) / 1e6) < 1e-6, `${name}: ${all}`);
      assert.ok(text.includes(name) && more.includes(name));
    }
    // Six people, each once in five or in ten seconds.
    assert.equal(day.columns['ours, each 5 s'].requests, (6 * seconds) / 5);
    assert.equal(day.columns.tuned.requests, (6 * seconds) / 10);
    assert.ok(months['ours, advice'].requests.clicks > 0, 'somebody has clicked a filter');
    assert.ok(months['ours, stream'].notBilled.ticks > 0);
    assert.ok(months.tuned.rowsSwept > 0, 'the day is swept');
    assert.ok(ratios['ours, stream'].tuned < ratios['ours, each 5 s'].tuned);
  });
});

describe('three minutes of the day, refreshed three times a minute', () => {
  const settings = { seconds: 180, watchers: 2, say };
  let often;
  test('show what has changed in the same minute', async () => {
    const day = { ...settings, everySeconds: OFTEN_SECONDS, columns: OFTEN_COLUMNS };
    often = await inFolder((state) => simulateDay({ ...day, state }));
    assert.equal(often.refreshes, 9);
    const { lags } = often.columns['ours, stream'];
    assert.ok(lags.length >= 2, `${lags.length}`);
    assert.ok(Math.max(...lags) <= 2 * SECOND, `${Math.max(...lags)} ms`);
  });

  test('take three times the runs, and a bill that says by how much it is larger', async () => {
    const columns = pick(Object.keys(OFTEN_COLUMNS));
    const seldom = await inFolder((state) => simulateDay({ ...settings, columns, state }));
    const bills = [billOf(often, cpu, OFTEN_COLUMNS), billOf(seldom, cpu, columns)];
    const [more, less] = bills.map(({ months }) => months['ours, stream']);
    const millionsOfMinutes = (30 * 24 * 60) / 1e6;
    assert.ok(Math.abs(more.requests.events - less.requests.events - 2 * millionsOfMinutes) < 1e-6);
    assert.ok(more.rowsWritten > less.rowsWritten);
    assert.match(overText(bills[0], bills[1]), /^1\.\d\d × \(ours, stream\), 1\.\d\d × \(ours, advice\)$/);
  });
});

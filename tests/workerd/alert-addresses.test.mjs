// Which addresses alerts may be sent to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintOf, problemOf } from '../../src/worker/alerts/address.js';

const PUBLIC = [
  'https://hooks.slack.com/services/T000/B000/XXXX',
  'https://hooks.slack.com:443/services',
  'https://alerts.brindlewick.co.uk/?key=value',
  'https://8.8.8.8/',
  'https://172.32.0.1/',
  'https://192.169.0.1/',
  'https://100.128.0.1/',
  'https://[2606:4700::1111]/',
  'https://[2a00:1450:4001:80b::200e]/',
  'https://[2001:4860:4860::8888]/',
  'https://xn--bcher-kva.com/',
  'https://localhost.brindlewick.co.uk/',
  'https://internal-tools.com/',
];

const REFUSED = {
  'must be an https URL': [
    '',
    'hooks.slack.com',
    '//hooks.slack.com/',
    'http://hooks.slack.com/',
    'ftp://hooks.slack.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:alert(1)',
    'https://',
    'https://hooks slack.com/',
    'https://999.1.1.1/',
    'https://[::1/',
    'https://1.2.3.4.5:x/',
  ],
  'must not contain a user name or a password': [
    'https://user@hooks.slack.com/',
    'https://user:password@hooks.slack.com/',
    'https://:password@hooks.slack.com/',
    'https://hooks.slack.com@127.0.0.1/',
  ],
  'must not name another port than 443': [
    'https://hooks.slack.com:80/',
    'https://hooks.slack.com:8443/',
    'https://hooks.slack.com:0/',
  ],
  'must be on a public host: no private address, and no name of a local network': [
    // Loopback, in every spelling.
    'https://127.0.0.1/',
    'https://127.1/',
    'https://127.255.255.254/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://１２７.０.０.１/',
    'https://%31%32%37.0.0.1/',
    'https://0/',
    'https://0.0.0.0/',
    // Private, link-local, shared and special networks.
    'https://10.0.0.1/',
    'https://10.255.255.255/',
    'https://167772161/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.0.1/',
    'https://0xc0a80001/',
    'https://169.254.169.254/latest/meta-data/',
    'https://0xa9fea9fe/',
    'https://100.64.0.1/',
    'https://100.127.255.255/',
    'https://192.0.0.1/',
    'https://192.0.2.1/',
    'https://192.88.99.1/',
    'https://198.18.0.1/',
    'https://198.19.255.255/',
    'https://198.51.100.1/',
    'https://203.0.113.1/',
    'https://224.0.0.1/',
    'https://240.0.0.1/',
    'https://255.255.255.255/',
    // IPv6.
    'https://[::]/',
    'https://[::1]/',
    'https://[0:0:0:0:0:0:0:1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::1]/',
    'https://[100::1]/',
    'https://[fc00::1]/',
    'https://[fd12:3456:789a::1]/',
    'https://[fe80::1]/',
    'https://[fec0::1]/',
    'https://[ff02::1]/',
    'https://[2001::1]/',
    'https://[2001:0:7f00:1::]/',
    'https://[2001:20::1]/',
    'https://[2001:1ff::1]/',
    'https://[2001:db8::1]/',
    'https://[2002:7f00:1::]/',
    'https://[3ffe::1]/',
    'https://[3fff::1]/',
    'https://[4000::1]/',
    // Names.
    'https://localhost/',
    'https://LOCALHOST/',
    'https://localhost./',
    'https://a.localhost/',
    'https://intranet/',
    'https://printer.local/',
    'https://printer.local./',
    'https://metadata.google.internal/',
    'https://metadata.google.internal./',
    'https://router.home.arpa/',
    'https://something.invalid/',
    'https://something.test/',
    'https://something.example/',
    'https://something.onion/',
    'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
    'https://printer.ｌｏｃａｌ/',
    'https://printer。local/',
    'https://localhost../',
    'https://printer.local../',
    'https://127.0.0.1../',
    'https://hooks..brindlewick.co.uk/',
    'https://.brindlewick.co.uk/',
  ],
};

test('an address on a public host is taken', () => {
  for (const address of PUBLIC) assert.equal(problemOf(address), null, address);
});

test('every other address is refused, however it is spelled', () => {
  for (const [problem, addresses] of Object.entries(REFUSED))
    for (const address of addresses) assert.equal(problemOf(address), problem, address);
  assert.equal(problemOf(`https://a.com/${'x'.repeat(2_048)}`), 'must have at most 2048 characters');
});

test('every IPv4 address of a private network is refused, and its neighbours are not', () => {
  const networks = [
    ['10.0.0.0', '10.255.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['127.0.0.0', '127.255.255.255'],
    ['169.254.0.0', '169.254.255.255'],
    ['100.64.0.0', '100.127.255.255'],
  ];
  const number = (address) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  for (const [first, last] of networks) {
    const from = number(first);
    const until = number(last);
    for (const inside of [from, from + 1, Math.floor((from + until) / 2), until - 1, until]) {
      for (const host of [String(inside), `0x${inside.toString(16)}`, `0${inside.toString(8)}`])
        assert.notEqual(problemOf(`https://${host}/`), null, host);
    }
    for (const outside of [from - 1, until + 1]) assert.equal(problemOf(`https://${outside}/`), null, String(outside));
  }
});

test('an address is shown by its host and its last characters', () => {
  assert.deepEqual(hintOf('https://hooks.slack.com/services/T000/B000/secret'), {
    host: 'hooks.slack.com',
    urlEnd: 'cret',
  });
  // Four characters of a short one would be most of it.
  assert.deepEqual(hintOf('https://hooks.slack.com/secret'), { host: 'hooks.slack.com', urlEnd: '' });
});

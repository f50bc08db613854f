// node-vault on a first day. See client_kit.py.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const nodeVault = require('node-vault');

const MOUNT = 'everyday-node';
const POLICY = `path "${MOUNT}/data/app/*" {\n  capabilities = ["read"]\n}\n`;
const SECRET = 'app/db';

const agent = new http.Agent({ socketPath: process.argv[2] });
const newClient = (token) => nodeVault({
  endpoint: 'http://localhost', token, requestOptions: { httpAgent: agent },
});
const root = fs.readFileSync(0, 'utf8').trim();
const client = newClient(root);
const made = {}; // the token that one step makes and later ones use

const put = async (data, path = SECRET, options = {}) =>
  (await client.write(`${MOUNT}/data/${path}`, { data, options })).data;
const get = async (path = SECRET, query = '') =>
  (await client.read(`${MOUNT}/data/${path}${query}`)).data;
// node-vault goes on with the token that it has made or renewed: such a client is used once.
const makeToken = async (fields) => (await newClient(root).tokenCreate(fields)).auth;
const expect = (status, promise) => assert.rejects(promise, (error) => {
  assert.equal(error.response?.statusCode, status, String(error));
  return true;
});

const steps = {
  'log in': async () => {
    await client.tokenLookupSelf();
    await expect(403, newClient('hvs.wrong').tokenLookupSelf());
  },
  'look up self': async () => {
    const { data } = await client.tokenLookupSelf();
    assert.deepEqual(data.policies, ['root']);
    assert.equal(data.id, root);
    assert.ok(data.accessor);
  },
  write: async () => {
    await client.mount({ mount_point: MOUNT, type: 'kv', options: { version: '2' } });
    assert.equal((await put({ password: 'one' })).version, 1);
  },
  read: async () => {
    assert.deepEqual((await get()).data, { password: 'one' });
    await expect(404, get('none'));
  },
  versions: async () => {
    assert.equal((await put({ password: 'two' })).version, 2);
    assert.deepEqual((await get(SECRET, '?version=1')).data, { password: 'one' });
    assert.deepEqual((await get()).data, { password: 'two' });
  },
  'check-and-set': async () => {
    assert.equal((await put({ password: 'three' }, SECRET, { cas: 2 })).version, 3);
    await expect(400, put({}, SECRET, { cas: 2 }));
  },
  delete: async () => {
    await client.delete(`${MOUNT}/data/${SECRET}`);
    await expect(404, get());
    await client.write(`${MOUNT}/delete/${SECRET}`, { versions: [1] });
    await expect(404, get(SECRET, '?version=1'));
  },
  undelete: async () => {
    await client.write(`${MOUNT}/undelete/${SECRET}`, { versions: [1, 3] });
    assert.deepEqual((await get()).data, { password: 'three' });
    assert.deepEqual((await get(SECRET, '?version=1')).data, { password: 'one' });
  },
  destroy: async () => {
    await client.write(`${MOUNT}/destroy/${SECRET}`, { versions: [1] });
    await expect(404, get(SECRET, '?version=1'));
  },
  list: async () => {
    await put({}, 'app/more/one');
    assert.deepEqual((await client.list(`${MOUNT}/metadata/app`)).data.keys, ['db', 'more/']);
    const plain = nodeVault({
      endpoint: 'http://localhost', token: client.token, noCustomHTTPVerbs: true,
      requestOptions: { httpAgent: agent },
    });
    assert.deepEqual((await plain.list(`${MOUNT}/metadata/app`)).data.keys, ['db', 'more/']);
  },
  metadata: async () => {
    await client.write(`${MOUNT}/metadata/${SECRET}`, { max_versions: 5 });
    const { data } = await client.read(`${MOUNT}/metadata/${SECRET}`);
    assert.equal(data.current_version, 3);
    assert.equal(data.max_versions, 5);
    assert.deepEqual(['1', '2', '3'].map((n) => data.versions[n].destroyed), [true, false, false]);
    await client.delete(`${MOUNT}/metadata/app/more/one`);
    await expect(404, get('app/more/one'));
  },
  patch: async () => {
    await put({ a: 'one', b: 'two' }, 'app/patch');
    await client.update(`${MOUNT}/data/app/patch`, { data: { b: 'three' } });
    assert.deepEqual((await get('app/patch')).data, { a: 'one', b: 'three' });
  },
  policies: async () => {
    await client.addPolicy({ name: MOUNT, policy: POLICY });
    await client.addPolicy({ name: 'passing', policy: POLICY });
    assert.equal((await client.getPolicy({ name: MOUNT })).rules, POLICY);
    const { policies } = await client.policies();
    for (const name of [MOUNT, 'passing', 'default', 'root']) assert.ok(policies.includes(name), name);
    await client.removePolicy({ name: 'passing' });
    assert.ok(!(await client.policies()).policies.includes('passing'));
  },
  token: async () => {
    const auth = await makeToken({ policies: [MOUNT], ttl: '1h' });
    assert.deepEqual(auth.policies, ['default', MOUNT]);
    made.token = auth.client_token;
    made.client = newClient(auth.client_token);
    const { data } = await made.client.read(`${MOUNT}/data/${SECRET}`);
    assert.deepEqual(data.data, { password: 'three' });
  },
  denied: async () => {
    await expect(403, made.client.write(`${MOUNT}/data/${SECRET}`, { data: {} }));
    await expect(403, made.client.read(`${MOUNT}/data/other`));
    await expect(403, made.client.policies());
  },
  capabilities: async () => {
    const path = `${MOUNT}/data/${SECRET}`;
    const own = await made.client.write('sys/capabilities-self', { paths: [path] });
    assert.deepEqual(own.data[path], ['read']);
    const ofIt = await client.write('sys/capabilities', { token: made.token, paths: ['sys/policy'] });
    assert.deepEqual(ofIt.data['sys/policy'], ['deny']);
  },
  renew: async () => {
    const renewed = await newClient(root).tokenRenew({ token: made.token, increment: '2h' });
    assert.equal(renewed.auth.lease_duration, 7200);
    assert.equal((await made.client.tokenRenewSelf()).auth.renewable, true);
    assert.equal((await client.tokenLookup({ token: made.token })).data.id, made.token);
  },
  revoke: async () => {
    await made.client.tokenLookupSelf();
    await client.tokenRevoke({ token: made.token });
    await expect(403, made.client.tokenLookupSelf());
    const second = newClient((await makeToken({ policies: ['default'] })).client_token);
    await second.tokenRevokeSelf();
    await expect(403, second.tokenLookupSelf());
  },
  mounts: async () => {
    assert.deepEqual((await client.mounts()).data[`${MOUNT}/`].options, { version: '2' });
    await client.unmount({ mount_point: MOUNT });
    assert.equal((await client.mounts()).data[`${MOUNT}/`], undefined);
  },
  'kv 1': async () => {
    await client.mount({ mount_point: MOUNT, type: 'kv', options: { version: '1' } });
    await client.write(`${MOUNT}/app`, { a: 'b' });
    assert.deepEqual((await client.read(`${MOUNT}/app`)).data, { a: 'b' });
    assert.deepEqual((await client.list(MOUNT)).data.keys, ['app']);
    await client.delete(`${MOUNT}/app`);
    await expect(404, client.read(`${MOUNT}/app`));
    await client.unmount({ mount_point: MOUNT });
  },
  'seal status': async () => {
    assert.equal((await client.status()).sealed, false);
    assert.equal((await client.initialized()).initialized, true);
  },
  health: async () => {
    assert.equal((await client.health()).sealed, false);
    assert.equal((await client.leader()).is_self, true);
    assert.ok((await client.help('sys/mounts')).help);
  },
  listings: async () => {
    assert.equal((await client.auths()).data['token/'].type, 'token');
    assert.equal((await client.audits()).data['file/'].type, 'file');
  },
};

(async () => {
  for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(name);
  }
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

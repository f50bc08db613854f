// node-vault against database/: reads creds, renews and revokes their lease. See client_kit.py.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const nodeVault = require('node-vault');

const agent = new http.Agent({ socketPath: process.argv[2] });
const client = nodeVault({
  endpoint: 'http://localhost',
  token: fs.readFileSync(0, 'utf8').trim(),
  requestOptions: { httpAgent: agent },
});

(async () => {
  const answer = await client.read('database/creds/app-role');
  assert.deepEqual(Object.keys(answer.data).sort(), ['password', 'username']);
  assert.equal(answer.renewable, true);
  assert.equal(answer.lease_duration, 3600);
  console.log('creds');
  const renewed = await client.write('sys/leases/renew', { lease_id: answer.lease_id, increment: 600 });
  assert.equal(renewed.lease_id, answer.lease_id);
  console.log('renew');
  await client.write('sys/leases/revoke', { lease_id: answer.lease_id, sync: true });
  console.log('revoke');
  agent.destroy();
})();

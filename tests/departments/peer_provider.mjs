// npm oidc-provider as a foreign provider for the department kit: ES256, rotating refresh tokens, back-channel logout.
//
//   TONGBAN_NODE_MODULES=DIRECTORY node peer_provider.mjs '{"port": 0, "clients": [client metadata]}'
//
// Prints one line, its issuer, when it serves; ends with its standard input.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.env.TONGBAN_NODE_MODULES ?? join(here, '..', 'node', 'node_modules'));
const found = createRequire(join(modules, '..', 'index.js')).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(found));

const settings = JSON.parse(process.argv[2]);
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const button = '<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>';

const server = createServer();
await new Promise((done) => server.listen(settings.port, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: settings.clients,
  jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256', kid: 'peer-ec' }] },
  cookies: { keys: ['one made-up key of the department peer'] },
  // The apps under test listen on loopback, which the product's own guard refuses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  // Whose sign-in name ends in 2 is said to have used two factors.
  findAccount: async (ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: 'Zhang San', ial: 2, aal: id.endsWith('2') ? 2 : 1 }),
  }),
  claims: { openid: ['sub', 'ial', 'aal'], profile: ['name'] },
  conformIdTokenClaims: false,
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => { ctx.body = `<!doctype html><title>Sign out?</title>${form}${button}`; },
    },
  },
});

server.on('request', provider.callback());
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
console.log(issuer);

// The yardstick: npm oidc-provider in one process, set up as its manual recommends for production.
//
//   node server.mjs CONFIG.json      (written by bench/peer_target.py)
//
// Once it listens, one JSON line with its versions goes to standard output; SIGTERM ends it.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

import { interactions } from './interactions.mjs';
import { redisAdapter } from './redis_adapter.mjs';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const packages = createRequire(join(config.modules, 'anchor.js')); // import itself looks beside this file only
const load = async (name) => (await import(pathToFileURL(packages.resolve(name)).href)).default;

const Provider = await load('oidc-provider');
const Redis = await load('ioredis');

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
}

function findAccount(ctx, id) {
  const account = config.accounts[id];
  return account && { accountId: id, claims: () => ({ sub: id, ...account.claims }) };
}

// Opaque access tokens are its default, and its fastest; self-contained ones are bound to a resource server there.
const jwtClients = new Set(config.jwtAccessTokenClients);
const api = { audience: 'urn:bench:api', scope: 'api', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };

const provider = new Provider(config.issuer, {
  adapter: redisAdapter(Redis, config.redis),
  clients: config.clients,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [signingKey()] },
  cookies: { keys: config.cookieKeys },
  findAccount,
  claims: { profile: ['name', 'preferred_username', 'updated_at'] },
  scopes: ['openid', 'offline_access', 'api'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client) => (jwtClients.has(client.clientId) ? api.audience : undefined),
      getResourceServerInfo: () => api,
    },
  },
  // Its own rule wants `prompt=consent` for every refresh token; here the client's registration decides.
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  // The same addresses as the provider under test, so that one load serves both.
  routes: {
    authorization: '/authorize', token: '/token', introspection: '/introspect', revocation: '/revoke',
    userinfo: '/userinfo', jwks: '/jwks', end_session: '/logout',
  },
  ttl: {
    AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, IdToken: 600, Interaction: 1800,
    Grant: 90 * 86400, RefreshToken: 14 * 86400, Session: 12 * 3600,
  },
});

const answer = provider.callback();
const interact = interactions(provider, config.accounts);
const server = createServer((req, res) => (req.url.startsWith('/interaction/') ? interact(req, res) : answer(req, res)));

function version(name) {
  const [folder] = packages.resolve(name).split(`${sep}${name}${sep}`);
  return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version;
}

server.listen(config.port, '127.0.0.1', () => {
  const versions = { oidcProvider: version('oidc-provider'), ioredis: version('ioredis'), node: process.version };
  process.stdout.write(`${JSON.stringify(versions)}\n`);
});
process.once('SIGTERM', () => process.exit(0));

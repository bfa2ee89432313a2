// npm oidc-provider as the second target of the conformance checks: the same clients, the same person, plain forms.
//
//   TONGBAN_NODE_MODULES=DIRECTORY node peer-conformance.mjs SETTINGS.json
//
// SETTINGS.json: {"issuer", "port", "clients": [client metadata], "person": {"identifier", "password", "claims"}}.
// Prints one line, `listening`, when it serves; ends with its standard input or on SIGTERM.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.env.TONGBAN_NODE_MODULES ?? join(here, 'node_modules'));
const found = createRequire(join(modules, '..', 'index.js')).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(found));

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { person } = settings;
const SUBJECT = 'conformance-person';
const ACR = 'urn:tongban:ial:1:aal:1';

const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const page = (title, body) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><main><h1>${title}</h1>${body}</main></body></html>`;

const privateJwk = (kind, options) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig' });

const provider = new Provider(settings.issuer, {
  clients: settings.clients,
  jwks: {
    keys: [
      { ...privateJwk('rsa', { modulusLength: 2048 }), alg: 'RS256', kid: 'peer-rsa' },
      { ...privateJwk('ec', { namedCurve: 'P-256' }), alg: 'ES256', kid: 'peer-ec' },
    ],
  },
  cookies: { keys: ['one made-up key of the conformance peer'], long: { sameSite: 'none' } },
  enableHttpPostMethods: true,
  allowOmittingSingleRegisteredRedirectUri: false,
  // The relying party of the checks listens on loopback, which the product's own guard refuses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, ...person.claims }) }),
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture',
      'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
    email: ['email', 'email_verified'],
    address: ['address'],
    phone: ['phone_number', 'phone_number_verified'],
  },
  acrValues: [ACR],
  scopes: ['openid', 'offline_access'],
  responseTypes: ['code'],
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    backchannelLogout: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const button = '<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>';
        ctx.body = page('Sign out?', form + button);
      },
      postLogoutSuccessSource: (ctx) => { ctx.body = page('Signed out', '<p>You are signed out.</p>'); },
    },
  },
  renderError: (ctx, out) => {
    ctx.type = 'html';
    ctx.body = page('Error', `<p id="oauth-error">${escaped(out.error)} ${escaped(out.error_description ?? '')}</p>`);
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 1800, Session: 43200, Grant: 43200, RefreshToken: 86400 },
});

async function form(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'));
}

function show(res, title, body) {
  res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  res.end(page(title, body));
}

const signIn = (uid, refused) => `${refused ? '<p role="alert">That was not right.</p>' : ''}
<form method="post" action="/interaction/${escaped(uid)}">
<label>User name <input name="identifier" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button type="submit">Sign in</button></form>`;

const consent = (uid, client, scopes) => `<p>${escaped(client)} asks for ${escaped(scopes)}.</p>
<form method="post" action="/interaction/${escaped(uid)}">
<button type="submit" name="answer" value="no">No</button>
<button type="submit" name="answer" value="yes">Allow</button></form>`;

async function allow({ session, params, prompt, grantId }) {
  const { Grant } = provider;
  const grant = (grantId && await Grant.find(grantId))
    || new Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

async function interact(req, res) {
  const details = await provider.interactionDetails(req, res);
  const { uid, prompt, params } = details;
  if (req.method !== 'POST') {
    const body = prompt.name === 'login' ? signIn(uid) : consent(uid, params.client_id, params.scope);
    return show(res, prompt.name === 'login' ? 'Sign in' : 'Allow?', body);
  }
  const answer = await form(req);
  if (prompt.name === 'login') {
    const right = answer.get('identifier') === person.identifier && answer.get('password') === person.password;
    if (!right) return show(res, 'Sign in', signIn(uid, true));
    const login = { accountId: SUBJECT, acr: ACR, amr: ['pwd'] };
    return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
  }
  const result = answer.get('answer') === 'yes' ? await allow(details) : { error: 'access_denied' };
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

const handle = provider.callback();
const server = createServer((req, res) => {
  if (!req.url.startsWith('/interaction/')) return handle(req, res);
  return interact(req, res).catch((problem) => {
    res.writeHead(400, { 'Content-Type': 'text/html; charset=utf-8' });
    res.end(page('Error', `<p id="oauth-error">${escaped(problem.message)}</p>`));
  });
});

const stop = () => { server.close(() => process.exit(0)); server.closeAllConnections(); };
process.on('SIGTERM', stop);
process.stdin.on('end', stop).resume();
server.listen(settings.port, '127.0.0.1', () => console.log('listening'));

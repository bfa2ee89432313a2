// A department app on npm openid-client, as docs/departments.md tells Node developers to write one.
//
//   node openid-client.mjs SETTINGS.json
//
// SETTINGS.json: {"issuer", "client_id", "secret", "port", "home", "redirect_uri", "post_logout_redirect_uri"}.
// The paths of the two addresses are served, and POST /notices takes logout tokens. Prints `listening` when it serves.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const config = await client.discovery(
  new URL(settings.issuer),
  settings.client_id,
  { id_token_signed_response_alg: 'ES256' },
  client.ClientSecretBasic(settings.secret),
  { execute: [client.allowInsecureRequests] },
);
const metadata = config.serverMetadata();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
const sessions = new Map();

const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const shown = (id, text) => `<p id="${id}">${escaped(text)}</p>`;

function page({ person, error }) {
  const body = person
    ? [
        shown('sub', person.sub),
        shown('name', person.name),
        shown('auth-time', person.claims.auth_time),
        shown('access-token', person.tokens.access_token),
        '<a id="refresh" href="/refresh">Refresh</a> <a id="sign-out" href="/sign-out">Sign out</a>',
      ]
    : ['<a id="sign-in" href="/sign-in">Sign in</a>'];
  const title = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Node</title>';
  return `${title}${error ? shown('error', error) : ''}${body.join('')}`;
}

function sessionOf(req) {
  const id = /(?:^|; )node_app=([^;]+)/.exec(req.headers.cookie ?? '')?.[1];
  return id && sessions.get(id);
}

function begun(res) {
  const id = randomUUID();
  const session = { id };
  sessions.set(id, session);
  res.setHeader('Set-Cookie', `node_app=${id}; HttpOnly; SameSite=Lax; Path=/`);
  return session;
}

async function signIn(session) {
  session.verifier = client.randomPKCECodeVerifier();
  session.state = client.randomState();
  session.nonce = client.randomNonce();
  return client.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirect_uri,
    scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: 'S256',
    state: session.state,
    nonce: session.nonce,
  });
}

async function callback(session, url) {
  const tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
    expectedNonce: session.nonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const profile = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  session.person = { sub: claims.sub, sid: claims.sid, name: profile.name, claims, tokens };
}

async function refresh(session) {
  const { person } = session;
  person.tokens = { ...person.tokens, ...await client.refreshTokenGrant(config, person.tokens.refresh_token) };
  await client.fetchUserInfo(config, person.tokens.access_token, person.sub);
}

function signOut(session) {
  sessions.delete(session.id);
  session.leaving = client.randomState();
  sessions.set(session.leaving, session);
  return client.buildEndSessionUrl(config, {
    id_token_hint: session.person.tokens.id_token,
    post_logout_redirect_uri: settings.post_logout_redirect_uri,
    state: session.leaving,
  });
}

async function takeNotice(body) {
  const token = new URLSearchParams(body).get('logout_token');
  const { payload } = await jwtVerify(token, keys, {
    issuer: metadata.issuer,
    audience: settings.client_id,
    typ: 'logout+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['iat', 'jti', 'events'],
    maxTokenAge: 120,
  });
  if (payload.nonce !== undefined || !(EVENT in payload.events)) throw new Error('not a logout token');
  for (const [id, { person }] of sessions) {
    if (person && (payload.sid ? person.sid === payload.sid : person.sub === payload.sub)) sessions.delete(id);
  }
}

async function read(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return body;
}

async function answer(req, res) {
  const url = new URL(req.url, settings.home);
  const session = sessionOf(req);
  const go = (target) => res.writeHead(303, { Location: target.href ?? target }).end();
  switch (url.pathname) {
    case '/sign-in': return go(await signIn(begun(res)));
    case new URL(settings.redirect_uri).pathname: await callback(session, url); return go('/');
    case '/refresh': await refresh(session); return go('/');
    case '/sign-out': return go(signOut(session));
    case new URL(settings.post_logout_redirect_uri).pathname:
      if (!sessions.delete(url.searchParams.get('state'))) throw new Error('state is not the one that was sent');
      return res.end(page({}));
    case '/notices': await takeNotice(await read(req)); return res.end();
    default: return res.end(page({ person: session?.person }));
  }
}

createServer((req, res) => {
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  answer(req, res).catch((problem) => {
    console.error(problem);
    res.writeHead(400).end(page({ error: problem.error ?? problem.code ?? problem.message }));
  });
}).listen(settings.port, '127.0.0.1', () => console.log('listening'));

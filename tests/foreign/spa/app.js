// A single-page app on npm oidc-client-ts: a public client, all of it in the browser.

async function main() {
  const settings = await (await fetch('settings.json')).json();
  const manager = new oidc.UserManager({
    ...settings,
    response_type: 'code',
    scope: 'openid profile',
    loadUserInfo: true,
    automaticSilentRenew: false,
    revokeTokensOnSignout: true,
    revokeTokenTypes: ['refresh_token'],
  });
  const query = new URLSearchParams(location.search);
  if (location.pathname === '/callback') {
    await manager.signinCallback();
    history.replaceState(null, '', '/');
  } else if (query.has('state')) {
    await manager.signoutCallback();
    history.replaceState(null, '', '/');
  }
  show(manager, await manager.getUser());
}

function show(manager, user) {
  const parts = user
    ? [
        text('sub', user.profile.sub),
        text('name', user.profile.name),
        text('auth-time', user.profile.auth_time),
        text('access-token', user.access_token),
        button('refresh', () => refresh(manager)),
        button('sign-out', () => manager.signoutRedirect()),
      ]
    : [button('sign-in', () => manager.signinRedirect())];
  document.querySelector('main').replaceChildren(...parts);
}

async function refresh(manager) {
  try {
    show(manager, await manager.signinSilent());
  } catch (problem) {
    await manager.removeUser();
    show(manager, null);
    report(problem);
  }
}

function text(id, content) {
  return Object.assign(document.createElement('p'), { id, textContent: content });
}

function button(id, act) {
  const made = Object.assign(document.createElement('button'), { id, textContent: id });
  made.addEventListener('click', () => Promise.resolve(act()).catch(report));
  return made;
}

function report(problem) {
  const place = document.querySelector('#error');
  place.textContent = problem.error ?? problem.message;
  place.hidden = false;
}

main().catch(report);

// Sign-in and consent of the yardstick: one plain form, and whoever posts it is signed in and has agreed.

function page(details) {
  const login = details.prompt.name === 'login'
    ? '<input name="identifier" aria-label="User"><input name="password" type="password" aria-label="Password">' : '';
  return `<!DOCTYPE html><html lang="en"><title>${details.prompt.name}</title>
    <form method="post">${login}<button>Continue</button></form></html>`;
}

async function formOf(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return new URLSearchParams(body);
}

async function agreement(provider, details, accountId) {
  const grant = details.grantId ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  return grant.save();
}

export function interactions(provider, accounts) {
  async function submit(req, res, details) {
    const form = await formOf(req);
    const signsIn = details.prompt.name === 'login';
    const accountId = signsIn ? form.get('identifier') : details.session.accountId;
    if (signsIn && accounts[accountId]?.password !== form.get('password')) throw new Error('wrong password');
    const consent = { grantId: await agreement(provider, details, accountId) };
    const result = signsIn ? { login: { accountId, amr: ['pwd'] }, consent } : { consent };
    await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
  }

  function show(res, status, text) {
    res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(text);
  }

  return async (req, res) => {
    try {
      const details = await provider.interactionDetails(req, res);
      if (req.method === 'POST') await submit(req, res, details);
      else show(res, 200, page(details));
    } catch (error) {
      show(res, 400, `<!DOCTYPE html><title>Error</title><p>${error.name}`);
    }
  };
}

// Asks the browser for a passkey (Web Authentication 3, 7) and sends what it answers with the form of the page.
// The page says calmly how to go on where this cannot run; nothing here decides anything.

const form = document.querySelector("form[data-passkey]");
const said = document.getElementById("passkey-said");

const bytes = (text) => {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
};
const text = (buffer) =>
  buffer && btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const create = async (options) => {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = response;
  return { id, rawId: text(rawId), type, response: { clientDataJSON: text(clientDataJSON),
    attestationObject: text(attestationObject) } };
};

const get = async (options) => {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: known(options.allowCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  return { id, rawId: text(rawId), type, response: { clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle) } };
};

const say = (name) => {
  said.textContent = said.dataset[name];
  said.hidden = false;
};

const ask = async (event) => {
  event.preventDefault();
  said.hidden = true;
  const act = form.dataset.passkey === "create" ? create : get;
  try {
    form.elements.credential.value = JSON.stringify(await act(JSON.parse(form.dataset.options)));
  } catch (error) {
    say(error.name === "InvalidStateError" ? "known" : error.name === "SecurityError" ? "impossible" : "cancelled");
    return;
  }
  form.submit();
};

if (form && window.PublicKeyCredential && navigator.credentials) {
  document.getElementById("passkey-missing").hidden = true;
  form.hidden = false;
  form.addEventListener("submit", ask);
}

// The page that asks for a certificate: signs the text it shows by a certificate file or by the agent of a USB key, and
// sends the answer with its form. Each way is loaded when it is chosen (certificate-p12.js, certificate-agent.js).
// Passwords, PINs and keys never leave the page and are forgotten once used; nothing here decides anything.

const form = document.querySelector("form[data-certificate]");
const said = document.getElementById("certificate-said");
const shown = document.querySelector("[data-challenge-text]");
const FRESH = 60_000;
let since = performance.now();

// What to sign. It is good for two minutes, and to find a file or a key takes longer: a page that has stood for a while
// fetches another text from its own address.
const text = async () => {
  if (performance.now() - since > FRESH) {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    shown.textContent = page.querySelector("[data-challenge-text]").textContent;
    for (const name of ["challenge", "csrf_token"]) {
      const other = page.querySelector(`form[data-certificate] [name=${name}]`);
      if (other) document.querySelectorAll(`main [name=${name}]`).forEach((field) => { field.value = other.value; });
    }
    since = performance.now();
  }
  return new TextEncoder().encode(shown.textContent);
};

const say = (name, kind = "") => {
  const line = document.createElement("p");
  line.className = `notice ${kind}`.trim();
  line.textContent = said.dataset[name] ?? said.dataset.failed;
  said.replaceChildren(line);
};

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

const send = ({ signature, certificate, signedData = "" }) => {
  form.elements.signature.value = signature ? base64(signature) : "";
  form.elements.certificate.value = certificate ? base64(certificate) : "";
  form.elements.signed_data.value = signedData;
  form.submit();
};

// Several certificates: offers them as radio buttons, the first chosen; afterwards `chosen` tells which.
const offer = (place, labels) => {
  place.querySelectorAll(".tick").forEach((line) => line.remove());
  labels.forEach((label, number) => {
    const line = document.createElement("div");
    line.className = "tick";
    const button = Object.assign(document.createElement("input"), {
      type: "radio", name: "chosen", value: number, id: `${place.id}-${number}`, checked: number === 0 });
    const words = Object.assign(document.createElement("label"), { htmlFor: button.id, textContent: label });
    line.append(button, words);
    place.append(line);
  });
  place.hidden = false;
  place.querySelector("input").focus();
};
const chosen = (place) => Number(place.querySelector("input:checked").value);

// Runs `act` when `step` is submitted, one at a time, and says what went wrong; `focus` names where to go on then.
const steps = (step, act) => {
  let busy = false;
  step.hidden = false;
  step.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy || !form.reportValidity()) return;
    busy = true;
    said.replaceChildren();
    try {
      await act();
    } catch (error) {
      say(error.code ?? "failed", "warn");
      const field = error.field && step.querySelector(`[data-field=${error.field}]`);
      field?.focus();
      field?.select?.();
    }
    busy = false;
  });
};

const byFile = (step) => {
  const file = step.querySelector("[data-field=file]");
  const password = step.querySelector("[data-field=password]");
  const choice = step.querySelector("[data-choice]");
  let keys = null;
  const forget = () => { keys = null; choice.hidden = true; };
  file.addEventListener("change", forget);
  password.addEventListener("input", forget);
  steps(step, async () => {
    if (keys === null) {
      if (!file.files.length) throw Object.assign(new Error(), { code: "noFile", field: "file" });
      say("opening");
      const { openFile } = await import(step.dataset.module);
      const found = await openFile(new Uint8Array(await file.files[0].arrayBuffer()), password.value, step.dataset);
      keys = found;
      said.replaceChildren();
      if (found.length > 1) return void offer(choice, found.map((one) => one.label));
    }
    const answer = await keys[choice.hidden ? 0 : chosen(choice)].sign(await text());
    forget();
    step.reset();
    send(answer);
  });
};

const byAgent = (step) => {
  const pin = step.querySelector("[data-field=pin]");
  const choice = step.querySelector("[data-choice]");
  let certificates = null;
  steps(step, async () => {
    say("asking");
    const { list, sign } = await import(step.dataset.module);
    if (certificates === null) {
      certificates = await list(step.dataset.agent);
      said.replaceChildren();
      step.querySelector("[data-find]").hidden = true;
      step.querySelectorAll("[data-then]").forEach((part) => { part.hidden = false; });
      return void offer(choice, certificates.map((one) => one.name));
    }
    const signedData = await sign(step.dataset.agent, certificates[chosen(choice)].id, pin.value, await text());
    pin.value = "";
    send({ signedData });
  });
};

// A phone is asked while what the page asked for is still known.
const byPhone = (button) => button.addEventListener("click", async (event) => {
  if (performance.now() - since <= FRESH) return;
  event.preventDefault();
  await text().catch(() => { since = performance.now(); });
  button.click();
});

// What is done by hand steps back where the page can do it, but not while something is wrong with it.
const byHand = (part) => { part.open = part.querySelector(".wrong") !== null; };

const ways = { p12: byFile, agent: byAgent };
if (form && said) {
  document.getElementById("certificate-missing")?.remove();
  document.querySelectorAll("[data-certificate-phone]").forEach(byPhone);
  document.querySelectorAll("[data-certificate-by-hand]").forEach(byHand);
  document.querySelectorAll("form[data-sign]").forEach((step) => ways[step.dataset.sign](step));
}

// Speaks with the agent of a USB key on this computer (GB/T 43694, docs/providers.md) and has it sign.
// A PIN is passed to the agent and kept nowhere; without one the agent asks in a window of its own.

const refused = (code, field) => Object.assign(new Error(code), { code, field });
// What its `error` means (docs/providers.md); 6, nobody has logged in, is a PIN that was left out.
const FAULTS = { 2: "agentEmpty", 4: "agentPin", 5: "agentLocked", 6: "agentPin", 7: "agentCancelled" };

const call = async (agent, name, params, seconds) => {
  let answer;
  try {
    const response = await fetch(`${agent}/sof`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ function: name, params }),
      credentials: "omit",
      signal: AbortSignal.timeout(seconds * 1000),
    });
    answer = await response.json();
  } catch {
    throw refused("agentMissing");
  }
  if (answer.error !== 0) throw refused(FAULTS[answer.error] ?? "agentRefused", "pin");
  return answer.result;
};

// [{ id, name }], never empty.
export const list = async (agent) => {
  const found = await call(agent, "SOF_GetCertList", [], 10);
  const pairs = typeof found === "string"
    ? found.split("&&&").filter(Boolean).map((one) => one.split("||")).map(([name, id]) => ({ id: id ?? name, name }))
    : found ?? []; // the standard's own form, and this contract's
  if (!pairs.length) throw refused("agentEmpty");
  return pairs;
};

// SignedData in base64 over `message` (bytes).
export const sign = async (agent, id, pin, message) => {
  if (pin && !await call(agent, "SOF_Login", [id, pin], 120)) throw refused("agentPin", "pin");
  const text = btoa(Array.from(message, (byte) => String.fromCharCode(byte)).join(""));
  const signed = await call(agent, "SOF_SignDataByP7", [id, text], 120);
  if (!signed) throw refused("agentRefused", "pin");
  return signed;
};

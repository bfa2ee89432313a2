// On the desktop, while a phone signs: looks every few seconds how far it is, and goes on by itself when it has signed.
// Without script the page loads itself again, and the last step is a button.

const page = document.getElementById("certificate-qr");
const { state, stateUrl, seconds } = page.dataset;

const look = async () => {
  try {
    const answer = await fetch(stateUrl, { headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).state !== state) return location.reload();
  } catch { /* the network comes back, or the person loads the page again */ }
  setTimeout(look, seconds * 1000);
};

if (state === "signed") page.querySelector("form").submit();
else setTimeout(look, seconds * 1000);

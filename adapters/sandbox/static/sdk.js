// What a vendor's software in an app does at its end: tells the vendor that the person is done.
const says = document.querySelector("[data-says]");
document.querySelector("[data-sdk]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch(event.target.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: event.target.token.value.trim() }),
  });
  says.textContent = answer.ok ? says.dataset.done : says.dataset.failed;
});

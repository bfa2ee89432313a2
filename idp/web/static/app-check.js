// Hands the vendor's token to the app around the page: window.TongbanFace.start({ token }) returns a promise that
// settles when the vendor's software is done, however it came out. Nothing here decides anything: the result is fetched
// from the vendor by the provider.

const place = document.getElementById("app-check");
const app = window.TongbanFace;

const go = () => location.replace(place.dataset.done);

if (place && app && typeof app.start === "function") {
  document.getElementById("app-missing").hidden = true;
  document.getElementById("app-there").hidden = false;
  Promise.resolve(app.start({ token: place.dataset.token })).then(go, go);
}

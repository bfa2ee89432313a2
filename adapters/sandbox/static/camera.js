// Shows people themselves while they follow a prompt. Nothing of the picture leaves this page.
const stage = document.querySelector("[data-camera]");
const says = document.querySelector("[data-says]");
navigator.mediaDevices?.getUserMedia({ video: { facingMode: "user" }, audio: false }).then(
  async (stream) => {
    const video = stage.querySelector("video");
    video.srcObject = stream;
    stage.hidden = false;
    await video.play();
    says.textContent = says.dataset.shown;
    addEventListener("pagehide", () => stream.getTracks().forEach((track) => track.stop()));
  },
).catch(() => {
  stage.hidden = true;
  says.textContent = says.dataset.denied;
});

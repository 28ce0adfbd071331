export { quotedText } from "../bytes/quoted-text.js";

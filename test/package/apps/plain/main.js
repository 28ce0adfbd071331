import * as portcullis from "portcullis";
import { scenario } from "./scenario.js";

globalThis.outcome = scenario(portcullis);

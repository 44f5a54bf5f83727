import { testsOfSchema } from "./earlier-schema.js";

testsOfSchema(1);

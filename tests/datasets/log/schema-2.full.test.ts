import { testsOfSchema } from "./earlier-schema.js";

testsOfSchema(2);

// Makes a component: node build.mjs WIT SOURCE OUTPUT
import { componentize } from "@bytecodealliance/componentize-js";
import { writeFile } from "node:fs/promises";

const [wit, sourcePath, output] = process.argv.slice(2);
const { component } = await componentize({
  witPath: wit,
  worldName: "transform",
  sourcePath,
  disableFeatures: ["http", "fetch-event"],
});
await writeFile(output, component);

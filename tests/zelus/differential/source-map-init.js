const refuse = () => { throw new Error("in init"); };
refuse();
export default function() {}
//# sourceMappingURL=source-map.js.map

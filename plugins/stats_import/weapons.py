"""The weapons of a stats file: which bit of a player's mask is which weapon."""

WEAPONS: tuple[str, ...] = (
    "knife", "ka_bar", "luger", "colt", "mp40", "thompson", "sten", "fg42", "panzerfaust", "bazooka",
    "flamethrower", "grenade", "mortar", "mortar_axis", "dynamite", "airstrike", "artillery", "satchel",
    "grenade_launcher", "landmine", "mg42", "browning", "carbine", "kar98", "garand", "k43", "mp34", "syringe",
)  # fmt: skip
"""By bit; higher bits have never been set, their groups are left aside."""

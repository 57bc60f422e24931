"""Everyday words: a parent's chatter is made of them, and none of them says what is looked for.

They stay where they stand in a name with capitals: Forget Me Not Preschool.
"""

from orchestrator.understanding.words import listed

VERBS = listed(
    "able ask asked asking attend basically been begin being believe bring bringing call called"
    " came care change check come coming cost decided do does doing done drive drop exist exists"
    " feel figure finally finish found gave getting give given gone got guess had hand hang happen"
    " hate hear heard help hold hope keep kept know known learn learning learned leave left let lets"
    " like listen live lives living locate made make makes making matter mention mentioned move"
    " moved moving offer offers pass pay play playing plays practice provide quit recommend"
    " recommended recommends remember said saw say says see seek seeking seem seems send set show"
    " signed skip sound sounds speak start started starting starts stay stop strengthen suggested"
    " take takes taking talk talking teach teaches tell thinks thinking thought told took tried turn"
    " turned turning use used wait walk walked wanna gonna gotta wants watch went wish won wont"
    " wonder work works worth would hows type write wrote teaching coached dislikes excited improve"
    " exercise struggle struggles asks keeps train happens fell enjoyed enjoying repeat rerun loving"
    " loved swims skis dances skates runs mind visit visiting staying tiene gusta gustan encanta"
    " aprender vivimos vivo vive estamos estoy soy somos tengo tenemos hacer juega jugar practicar"
    " dijo dicen recomendo ayudar ayuda ayudame saber sabe ir vamos anda pueden podemos tienen"
    " mandar meter empezar"
)
PEOPLE = listed(
    "aunt aunts boyfriend brother brothers cousin cousins coach dad daddy dear doctor ex father"
    " folks friend friends girlfriend grandad grandchild grandchildren grandkid grandkids grandma"
    " grandmother grandpa grandparents guys gals guy husband lady ladies madam man men mama mom moms"
    " mommy mother mum neighbor neighbors neighbour partner parent parents people person sir sister"
    " sisters everyone everybody nobody spouse stepson student students teacher therapist uncle wife"
    " woman women preschooler teenager youngest oldest eldest middle kiddo kiddos kiddies lil little"
    " pediatrician classmate classmates buddy abuela abuelo amiga amigo esposa esposo hermana"
    " hermano mami papa papi senor senora vecina vecino prima primo doctora"
)
MANNERS = listed(
    "active actually afraid afternoon afternoons again age ages ahead all almost alone alot already"
    " alright also although always amazing anymore anyway around autism away awesome awhile bad bc"
    " because bit bored boring both busy cause cheap cheaper close closer closest cold convenient"
    " cool correct course crazy currently cuz days definitely delighted different difficult early"
    " easy either else end energy enough evening evenings ever every everywhere exactly extremely"
    " far farthest furthest fast few fifth fine first four fun gently glad hard hey hiya hurry idea"
    " important instead interest interested job just km kilometers kind kinda kindly kindof last"
    " late later least less list long longer lot lots lovely luck lucky many maybe miles mile min"
    " minutes minute moment more morning mornings most much near nearest nearly nervous never nicest"
    " night ago nights obsessed obviously off often old older only open option options order our out"
    " over own part patient pick choose select number perhaps plan please possible possibly"
    " preferably pretty probably problem question quick quite ready real really reason regards right"
    " same scared search second seriously several shy soon sorry special still stuff such super sure"
    " than thanks things thing third though time times tired today tomorrow tonight too top total"
    " tough trouble true twice under until usually very via way week weeks weekend weekends whatever"
    " whichever while whole within without wonderful word wrong x year yes yesterday young younger"
    " yrs ish nah hm hmm aw ugh k kk yo dude btw tbh fyi imo asap lf iso eg browsing mhm nurse"
    " asthma allergic cannot sincerely hello greetings bye goodbye good reasonably affordable"
    " experience beginner beginners newbie location area areas city town village state zip zipcode"
    " code home house furniture couch screen internet google website online phone app account"
    " password result results choice category thats everything nothing half twelve hour hours dont"
    " didnt cant im ive hes shes gracias aqui aca alla ahi lejos ahora ayer hoy manana tambien"
    " tampoco ninguno ninguna ningun esas esos muy mas menos pronto urgente favor porfa porfavor"
    " amable hola disculpe perdon oiga saludos cerca solo todo todos nada ya no vez otra que como"
    " cual donde cuando tan tanto bien mal mejor actividad activity activities hobby program"
    " programs sign signup tenemos"
)
EVERYDAY = VERBS | PEOPLE | MANNERS
